/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "link/link.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "link/frame.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "socket-util.h"
#include "stream.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(link);

#define BUFFER_SIZE 65536       /* Kept in each direction, bytes. */
#define MAX_TURNS 16            /* Before others have theirs. */

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(10, 30);

/* Bytes under way in one direction: data[start..end). */
struct buffer {
    uint8_t data[BUFFER_SIZE];
    size_t start, end;
};

/* What link_add() added. */
struct way {
    struct ovs_list node;       /* In 'ways' of the link. */
    char *from, *to;
    bool inbound;               /* 'from' is TLS, 'to' a Unix socket. */
    bool patient;
    struct pstream *listener;   /* NULL: not yet. */
    long long int next;         /* When to try again to listen. */
};

/*         accept()                     both connected
 *   (none) ------> WAITS for the other side ------> carries bytes
 *                  'tls_up' or 'local_up' is false
 */
struct conn {
    struct ovs_list node;       /* In 'conns' of the link. */
    const struct way *way;
    struct stream *local, *tls; /* NULL: not open (yet). */
    bool local_up, tls_up;      /* Connected; TLS: and authenticated. */
    long long int deadline;     /* For what is being connected. */
    long long int next;         /* When a patient one tries again. */
    long long int heard, said;  /* When the other link was, and we were. */
    long long int spaced;       /* When the client last got white space. */
    bool begun;                 /* Something has come for the client. */
    struct buffer to_tls, to_local;
    struct frame_reader reader;
};

struct link {
    struct ovs_list ways;
    struct ovs_list conns;      /* Newest last. */
};

struct link *
link_create(void)
{
    struct link *l = xmalloc(sizeof *l);

    ovs_list_init(&l->ways);
    ovs_list_init(&l->conns);
    return l;
}

static void
conn_destroy(struct conn *c)
{
    ovs_list_remove(&c->node);
    stream_close(c->local);
    stream_close(c->tls);
    free(c);
}

static void
way_destroy(struct way *w)
{
    pstream_close(w->listener);
    free(w->from);
    free(w->to);
    free(w);
}

void
link_destroy(struct link *l)
{
    struct conn *c;
    struct way *w;

    if (!l) {
        return;
    }
    LIST_FOR_EACH_SAFE (c, node, &l->conns) {
        conn_destroy(c);
    }
    LIST_FOR_EACH_POP (w, node, &l->ways) {
        way_destroy(w);
    }
    free(l);
}

/* --- Ways -----------------------------------------------------------------*/

static bool
starts_with(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

/* One end TLS, the other a Unix socket; nothing else, least of all TCP. */
static bool
is_good_way(const struct way *w)
{
    struct sockaddr_storage ss;

    if (w->inbound) {
        return (inet_parse_passive(w->from + 5, -1, &ss, false, NULL)
                && starts_with(w->to, "unix:") && w->to[5]);
    }
    return (starts_with(w->from, "punix:") && w->from[6]
            && starts_with(w->to, "ssl:")
            && inet_parse_active(w->to + 4, -1, &ss, false, NULL));
}

char *
link_add(struct link *l, const char *text)
{
    static const char patient[] = ",patient";
    struct way *w = xzalloc(sizeof *w);
    char *to;

    w->from = xstrdup(text);
    to = strchr(w->from, '=');
    if (to) {
        size_t n = strlen(to), n_patient = strlen(patient);

        *to++ = '\0';
        w->patient = n > n_patient && !strcmp(to + n - 1 - n_patient, patient);
        w->to = xmemdup0(to, n - 1 - (w->patient ? n_patient : 0));
    }
    w->inbound = starts_with(w->from, "pssl:");
    if (!w->to || !is_good_way(w)) {
        way_destroy(w);
        return xasprintf("bad way '%s': it must be "
                         "punix:FILE=ssl:IP:PORT[,patient] or "
                         "pssl:PORT[:IP]=unix:FILE[,patient]", text);
    }
    w->next = LLONG_MIN;
    ovs_list_push_back(&l->ways, &w->node);
    return NULL;
}

static void
way_listen(struct way *w, long long int now)
{
    int error;

    if (w->listener || now < w->next) {
        return;
    }
    error = pstream_open(w->from, &w->listener, DSCP_DEFAULT);
    if (error) {
        VLOG_WARN_RL(&rl, "cannot listen at %s: %s", w->from,
                     ovs_strerror(error));
        w->listener = NULL;
        w->next = now + LINK_CONNECT_TIMEOUT;
    }
}

/* Makes room for one more that has not shown a certificate. */
static void
drop_strangers(struct link *l)
{
    struct conn *c, *oldest = NULL;
    size_t n = 0;

    LIST_FOR_EACH (c, node, &l->conns) {
        if (c->way->inbound && !c->tls_up) {
            oldest = oldest ? oldest : c;
            n++;
        }
    }
    if (n >= LINK_MAX_STRANGERS) {
        conn_destroy(oldest);
    }
}

static void
add_conn(struct link *l, const struct way *w, struct stream *stream,
         long long int now)
{
    struct conn *c = xzalloc(sizeof *c);

    c->way = w;
    *(w->inbound ? &c->tls : &c->local) = stream;
    c->deadline = now + LINK_CONNECT_TIMEOUT;
    c->next = c->spaced = now;
    if (w->inbound) {
        drop_strangers(l);
    }
    ovs_list_push_back(&l->conns, &c->node);
}

static void
way_accept(struct link *l, struct way *w, long long int now)
{
    struct stream *stream;

    for (int i = 0; w->listener && i < MAX_TURNS; i++) {
        int error = pstream_accept(w->listener, &stream);

        if (error) {
            if (error != EAGAIN) {
                VLOG_WARN_RL(&rl, "%s: %s", w->from, ovs_strerror(error));
            }
            return;
        }
        add_conn(l, w, stream, now);
    }
}

/* --- Connecting -----------------------------------------------------------*/

/* Goes on connecting '*streamp', to 'target' if it is not open.  Returns 0 if
 * it is connected, EAGAIN if it is not yet, or an error, and then closes it. */
static int
connect_stream(struct conn *c, struct stream **streamp, const char *target,
               long long int now)
{
    int error = 0;

    if (!*streamp) {
        c->deadline = now + LINK_CONNECT_TIMEOUT;
        error = stream_open(target, streamp, DSCP_DEFAULT);
        if (error) {
            *streamp = NULL;
            return error;
        }
    }
    stream_run(*streamp);
    error = stream_connect(*streamp);
    if (error == EAGAIN && now >= c->deadline) {
        error = ETIMEDOUT;
    }
    if (error && error != EAGAIN) {
        stream_close(*streamp);
        *streamp = NULL;
    }
    return error;
}

/* Returns 0 if TLS is up or may yet be, else an error. */
static int
run_tls_connect(struct conn *c, long long int now)
{
    const char *peer = c->way->inbound ? c->way->from : c->way->to;
    int error;

    if (c->tls_up || (!c->tls && now < c->next)) {
        return 0;
    }
    error = connect_stream(c, &c->tls, c->way->to, now);
    if (!error) {
        c->tls_up = true;
        c->heard = c->said = now;
        VLOG_INFO_RL(&rl, "%s: connected", peer);
    } else if (error != EAGAIN) {
        VLOG_INFO_RL(&rl, "%s: cannot connect: %s", peer,
                     ovs_retval_to_string(error));
        if (!c->way->patient) {
            return error;
        }
        c->next = now + LINK_RETRY;
    }
    return 0;
}

/* The same for the local side.  Who comes from the network is known first. */
static int
run_local_connect(struct conn *c, long long int now)
{
    int error;

    if (c->local_up || (c->way->inbound && !c->tls_up)
        || (!c->local && now < c->next)) {
        return 0;
    }
    error = connect_stream(c, &c->local, c->way->to, now);
    if (!error) {
        c->local_up = true;
    } else if (error != EAGAIN) {
        VLOG_INFO_RL(&rl, "%s: cannot connect: %s", c->way->to,
                     ovs_retval_to_string(error));
        if (!c->way->patient) {
            return error;
        }
        c->next = now + LINK_RETRY;
    }
    return 0;
}

/* --- Carrying -------------------------------------------------------------*/

static size_t
buffer_room(struct buffer *b)
{
    if (b->start) {
        memmove(b->data, b->data + b->start, b->end - b->start);
        b->end -= b->start;
        b->start = 0;
    }
    return BUFFER_SIZE - b->end;
}

/* Puts a frame that is in place already behind what 'b' holds. */
static void
buffer_add_frame(struct buffer *b, size_t n)
{
    frame_put_header(b->data + b->end, n);
    b->end += FRAME_HEADER + n;
}

/* Sends what 'b' holds.  Returns the number of bytes, or a negative errno;
 * 0 also if nothing can be sent now. */
static int
send_buffer(struct stream *stream, struct buffer *b)
{
    int n;

    if (b->start == b->end) {
        return 0;
    }
    n = stream_send(stream, b->data + b->start, b->end - b->start);
    if (n > 0) {
        b->start += n;
    }
    return n == -EAGAIN ? 0 : n;
}

/* What stream_recv() returned, as that of send_buffer(): its end is an
 * error here. */
static int
received(int n)
{
    return n == -EAGAIN ? 0 : n ? n : -EPIPE;
}

static int
read_local(struct conn *c)
{
    struct buffer *b = &c->to_tls;
    size_t room = buffer_room(b);
    int n;

    if (room <= FRAME_HEADER) {
        return 0;
    }
    n = received(stream_recv(c->local, b->data + b->end + FRAME_HEADER,
                             MIN(room - FRAME_HEADER, FRAME_MAX)));
    if (n > 0) {
        buffer_add_frame(b, n);
    }
    return n;
}

static int
read_tls(struct conn *c, long long int now)
{
    struct buffer *b = &c->to_local;
    size_t room = buffer_room(b);
    uint8_t in[FRAME_MAX];
    size_t n_out;
    int n;

    if (!room) {
        /* We do not listen, so it is not for us to say that nobody speaks. */
        c->heard = now;
        return 0;
    }
    n = received(stream_recv(c->tls, in, MIN(room, sizeof in)));
    if (n > 0) {
        c->heard = now;
        if (!frame_read(&c->reader, in, n, b->data + b->end, &n_out)) {
            return -EPROTO;
        }
        b->end += n_out;
        c->begun |= n_out > 0;
    }
    return n;
}

/* Until the server's first word white space can harm nothing. */
static bool
is_kept_waiting(const struct conn *c)
{
    return (c->way->patient && !c->way->inbound && c->local_up && !c->begun);
}

static int
run_signs_of_life(struct conn *c, long long int now)
{
    static const char space = ' ';

    if (is_kept_waiting(c) && now >= c->spaced + LINK_PING) {
        int n = stream_send(c->local, &space, 1);

        c->spaced = now;
        if (n < 0 && n != -EAGAIN) {
            return n;
        }
    }
    if (!c->tls_up) {
        return 0;
    }
    if (now >= c->heard + LINK_SILENCE) {
        return -ETIMEDOUT;
    }
    if (now >= c->said + LINK_PING
        && buffer_room(&c->to_tls) >= FRAME_HEADER) {
        buffer_add_frame(&c->to_tls, 0);
        c->said = now;
    }
    return 0;
}

/* One turn of everything that is connected.  Returns the number of bytes that
 * moved, or a negative errno. */
static int
carry(struct conn *c, long long int now)
{
    int moved = 0, n = 0;

    if (c->tls_up) {
        n = read_tls(c, now);
        moved += MAX(n, 0);
    }
    if (n >= 0 && c->local_up) {
        n = send_buffer(c->local, &c->to_local);
        moved += MAX(n, 0);
    }
    if (n >= 0 && c->local_up) {
        n = read_local(c);
        moved += MAX(n, 0);
    }
    if (n >= 0 && c->tls_up) {
        n = send_buffer(c->tls, &c->to_tls);
        moved += MAX(n, 0);
        c->said = n > 0 ? now : c->said;
    }
    return n < 0 ? n : moved;
}

/* Returns 0, or a positive errno if the connection has ended. */
static int
conn_run(struct conn *c, long long int now)
{
    int error = run_tls_connect(c, now);
    int n = 1;

    error = error ? error : run_local_connect(c, now);
    if (error) {
        return error;
    }
    if (c->local) {
        stream_run(c->local);
    }
    if (c->tls) {
        stream_run(c->tls);
    }
    for (int i = 0; i < MAX_TURNS && n > 0; i++) {
        n = carry(c, now);
    }
    if (n >= 0) {
        n = run_signs_of_life(c, now);
    }
    return n < 0 ? -n : 0;
}

void
link_run(struct link *l, long long int now)
{
    struct conn *c;
    struct way *w;

    LIST_FOR_EACH (w, node, &l->ways) {
        way_listen(w, now);
        way_accept(l, w, now);
    }
    LIST_FOR_EACH_SAFE (c, node, &l->conns) {
        int error = conn_run(c, now);

        if (error) {
            if (c->tls_up && error != EPIPE) {
                VLOG_INFO_RL(&rl, "%s: %s", c->way->to, ovs_strerror(error));
            }
            conn_destroy(c);
        }
    }
}

/* --- Waiting --------------------------------------------------------------*/

static void
wait_stream(struct stream *stream, bool up, struct buffer *in,
            const struct buffer *out, size_t least)
{
    if (!stream) {
        return;
    }
    stream_run_wait(stream);
    if (!up) {
        stream_connect_wait(stream);
        return;
    }
    if (buffer_room(in) > least) {
        stream_recv_wait(stream);
    }
    if (out->start != out->end) {
        stream_send_wait(stream);
    }
}

static void
conn_wait(struct conn *c)
{
    wait_stream(c->local, c->local_up, &c->to_tls, &c->to_local,
                FRAME_HEADER);
    wait_stream(c->tls, c->tls_up, &c->to_local, &c->to_tls, 0);
    if (c->tls_up) {
        poll_timer_wait_until(MIN(c->heard + LINK_SILENCE,
                                  c->said + LINK_PING));
    } else {
        poll_timer_wait_until(c->tls ? c->deadline : c->next);
    }
    if (is_kept_waiting(c)) {
        poll_timer_wait_until(c->spaced + LINK_PING);
    }
    if (!c->local_up && (c->local || c->tls_up)) {
        poll_timer_wait_until(c->local ? c->deadline : c->next);
    }
}

void
link_wait(const struct link *l, long long int now)
{
    const struct way *w;
    struct conn *c;

    LIST_FOR_EACH (w, node, &l->ways) {
        if (w->listener) {
            pstream_wait(w->listener);
        } else {
            poll_timer_wait_until(MAX(w->next, now));
        }
    }
    LIST_FOR_EACH (c, node, &l->conns) {
        conn_wait(c);
    }
}

void
link_show(const struct link *l, long long int now, struct ds *s)
{
    const struct way *w;
    const struct conn *c;

    LIST_FOR_EACH (w, node, &l->ways) {
        ds_put_format(s, "%s to %s: %s\n", w->from, w->to,
                      w->listener ? "listens" : "cannot listen");
        LIST_FOR_EACH (c, node, &l->conns) {
            if (c->way != w) {
                continue;
            } else if (!c->tls_up) {
                ds_put_cstr(s, "  connecting\n");
            } else {
                ds_put_format(s, "  %s: heard of %lld ms ago\n",
                              stream_get_name(c->tls), now - c->heard);
            }
        }
    }
}
