/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util.h"

#define NETNS_DIR "/run/netns"

struct gateway_netns {
    char *name;
    char *path;                 /* NETNS_DIR "/" name */
    int host_fd;                /* The host's namespace. */
    int inner_fd;               /* The gateway's, -1 if there is none. */
    struct nl_sock *host;       /* Sockets stay in the namespace in which */
    struct nl_sock *inner;      /* they were opened; NULL as above. */
};

static char *
sys_error(const char *what, const char *name, int error)
{
    return xasprintf("cannot %s %s: %s", what, name, ovs_strerror(error));
}

static char *
nl_failure(const char *what, const char *name, int retval)
{
    return xasprintf("cannot %s %s: %s", what, name, nl_geterror(retval));
}

/* --- Namespaces ------------------------------------------------------------*/

static int
enter(int fd)
{
    return setns(fd, CLONE_NEWNET) ? errno : 0;
}

static char *
open_socket(struct nl_sock **sockp)
{
    struct nl_sock *sock = nl_socket_alloc();
    int retval = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

    if (retval < 0) {
        nl_socket_free(sock);
        *sockp = NULL;
        return nl_failure("open", "netlink socket", retval);
    }
    *sockp = sock;
    return NULL;
}

/* Enters the session's namespace, if it exists, and opens a socket there.  A
 * file that is no namespace counts as nothing; the one onto which a namespace
 * was mounted may not be read by anybody. */
static char *
open_inner(struct gateway_netns *s)
{
    int fd = open(s->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return errno == ENOENT || errno == EACCES
               ? NULL : sys_error("open", s->path, errno);
    }
    if (enter(fd)) {
        close(fd);
        return NULL;
    }
    s->inner_fd = fd;
    return open_socket(&s->inner);
}

char *
gateway_netns_open(const char *name, struct gateway_netns **sp)
{
    struct gateway_netns *s = xzalloc(sizeof *s);
    char *error;

    s->name = xstrdup(name);
    s->path = xasprintf(NETNS_DIR"/%s", name);
    s->inner_fd = -1;
    s->host_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (s->host_fd < 0) {
        error = sys_error("open", "the host's network namespace", errno);
    } else {
        error = open_socket(&s->host);
    }
    if (!error) {
        error = open_inner(s);
    }
    if (error) {
        gateway_netns_close(s);
        s = NULL;
    }
    *sp = s;
    return error;
}

void
gateway_netns_close(struct gateway_netns *s)
{
    if (!s) {
        return;
    }
    if (s->inner_fd >= 0) {
        /* A process left in the wrong namespace would do harm. */
        if (enter(s->host_fd)) {
            abort();
        }
        close(s->inner_fd);
    }
    if (s->host_fd >= 0) {
        close(s->host_fd);
    }
    nl_socket_free(s->host);
    nl_socket_free(s->inner);
    free(s->name);
    free(s->path);
    free(s);
}

bool
gateway_netns_is_inside(const struct gateway_netns *s)
{
    return s->inner_fd >= 0;
}

char *
gateway_netns_list(struct sset *names)
{
    DIR *dir = opendir(NETNS_DIR);
    const struct dirent *entry;

    if (!dir) {
        return errno == ENOENT ? NULL : sys_error("list", NETNS_DIR, errno);
    }
    while ((entry = readdir(dir))) {
        if (gateway_netns_name_is_ours(entry->d_name)) {
            sset_add(names, entry->d_name);
        }
    }
    closedir(dir);
    return NULL;
}

char *
gateway_netns_enter_scratch(void)
{
    return unshare(CLONE_NEWNET)
           ? sys_error("make", "a network namespace", errno) : NULL;
}

/* Makes NETNS_DIR a mount point that shares mounts with other mount
 * namespaces, as "ip netns" does, so that both see the same. */
static int
prepare_dir(void)
{
    if (mkdir(NETNS_DIR, 0755) && errno != EEXIST) {
        return errno;
    }
    if (!mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL)) {
        return 0;
    }
    if (errno != EINVAL) {
        return errno;
    }
    if (mount(NETNS_DIR, NETNS_DIR, "none", MS_BIND | MS_REC, NULL)
        || mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL)) {
        return errno;
    }
    return 0;
}

char *
gateway_netns_prepare(void)
{
    int error = prepare_dir();

    return error ? sys_error("prepare", NETNS_DIR, error) : NULL;
}

static int
remove_file(const char *path)
{
    umount2(path, MNT_DETACH);
    return unlink(path) && errno != ENOENT ? errno : 0;
}

/* Mounts a new namespace at 'path' and leaves the process in it. */
static int
mount_new(const char *path)
{
    int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);

    if (fd < 0) {
        return errno;
    }
    close(fd);
    if (unshare(CLONE_NEWNET)
        || mount("/proc/self/ns/net", path, "none", MS_BIND, NULL)) {
        int error = errno;

        remove_file(path);
        return error;
    }
    return 0;
}

static char *
create_netns(struct gateway_netns *s)
{
    int error = prepare_dir();

    if (!error) {
        error = remove_file(s->path);
    }
    if (!error) {
        error = mount_new(s->path);
    }
    return error ? sys_error("create namespace", s->name, error)
                 : open_inner(s);
}

/* The veths go first: they would linger for as long as anything holds the
 * namespace. */
static char *
delete_netns(struct gateway_netns *s)
{
    int error;

    if (s->inner) {
        struct nl_cache *cache;

        if (!rtnl_link_alloc_cache(s->inner, AF_UNSPEC, &cache)) {
            for (struct nl_object *o = nl_cache_get_first(cache); o;
                 o = nl_cache_get_next(o)) {
                rtnl_link_delete(s->inner, (struct rtnl_link *) o);
            }
            nl_cache_free(cache);
        }
    }
    error = remove_file(s->path);
    return error ? sys_error("delete namespace", s->name, error) : NULL;
}

/* --- Devices ---------------------------------------------------------------*/

/* An ethtool command with one number on 'device' in the namespace that the
 * process is in.  Returns 0 or a positive errno. */
static int
ethtool_value(const char *device, uint32_t command, uint32_t *value)
{
    struct ethtool_value arg = { .cmd = command, .data = *value };
    struct ifreq ifr = { .ifr_data = (void *) &arg };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error = 0;

    if (fd < 0) {
        return errno;
    }
    ovs_strlcpy(ifr.ifr_name, device, sizeof ifr.ifr_name);
    if (ioctl(fd, SIOCETHTOOL, &ifr)) {
        error = errno;
    }
    close(fd);
    *value = arg.data;
    return error;
}

static struct rtnl_link *
get_link(struct nl_sock *sock, const char *name)
{
    struct rtnl_link *link;

    return sock && !rtnl_link_get_kernel(sock, 0, name, &link) ? link : NULL;
}

static struct eth_addr
link_mac(struct rtnl_link *link)
{
    const struct nl_addr *addr = rtnl_link_get_addr(link);
    struct eth_addr mac = eth_addr_zero;

    if (addr && nl_addr_get_len(addr) == ETH_ADDR_LEN) {
        memcpy(&mac, nl_addr_get_binary_addr(addr), ETH_ADDR_LEN);
    }
    return mac;
}

/* The process must be in the device's namespace. */
static void
observe_device(struct rtnl_link *link, struct gateway_device *d)
{
    uint32_t value = 1;

    if (link) {
        d->present = true;
        d->up = (rtnl_link_get_flags(link) & IFF_UP) != 0;
        d->mac = link_mac(link);
        d->plain_frames = !ethtool_value(rtnl_link_get_name(link),
                                         ETHTOOL_GTXCSUM, &value) && !value;
    }
}

static bool
is_veth(struct rtnl_link *link)
{
    const char *type = rtnl_link_get_type(link);

    return type && !strcmp(type, "veth");
}

static bool
are_paired(struct rtnl_link *a, struct rtnl_link *b)
{
    return a && b && is_veth(a) && is_veth(b)
           && rtnl_link_get_link(a) == rtnl_link_get_ifindex(b)
           && rtnl_link_get_link(b) == rtnl_link_get_ifindex(a);
}

/* Tunnel drivers put devices into every namespace that cannot be deleted;
 * they do nothing as long as they are down. */
static char *
observe_devices(struct gateway_netns *s, const char *inner_if,
                struct gateway_observed *o)
{
    struct nl_cache *cache;
    int retval = rtnl_link_alloc_cache(s->inner, AF_UNSPEC, &cache);

    if (retval < 0) {
        return nl_failure("list", "devices", retval);
    }
    for (struct nl_object *obj = nl_cache_get_first(cache); obj;
         obj = nl_cache_get_next(obj)) {
        struct rtnl_link *link = (struct rtnl_link *) obj;
        const char *name = rtnl_link_get_name(link);
        bool up = (rtnl_link_get_flags(link) & IFF_UP) != 0;

        if (!strcmp(name, "lo")) {
            o->lo_up = up;
        } else if (strcmp(name, inner_if) && up) {
            sset_add(&o->devices, name);
        }
    }
    nl_cache_free(cache);
    return NULL;
}

static char *
create_veth(struct gateway_netns *s, const struct gateway_wanted *w)
{
    struct rtnl_link *link = rtnl_link_veth_alloc();
    struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
    struct nl_addr *mac = nl_addr_build(AF_LLC, &w->mac, ETH_ADDR_LEN);
    char *alias = xasprintf("tvd gateway %s", w->nic);
    int retval;

    rtnl_link_set_name(link, w->host_if);
    rtnl_link_set_ifalias(link, alias);
    rtnl_link_set_name(peer, w->inner_if);
    rtnl_link_set_addr(peer, mac);
    rtnl_link_set_ns_fd(peer, s->inner_fd);
    retval = rtnl_link_add(s->host, link, NLM_F_CREATE | NLM_F_EXCL);
    free(alias);
    nl_addr_put(mac);
    rtnl_link_put(peer);
    rtnl_link_put(link);
    return retval < 0 ? nl_failure("create veth", w->host_if, retval) : NULL;
}

static char *
delete_veth(struct gateway_netns *s, const char *name)
{
    struct rtnl_link *link = get_link(s->host, name);
    int retval = 0;

    if (link) {
        retval = rtnl_link_delete(s->host, link);
        rtnl_link_put(link);
    }
    return retval < 0 ? nl_failure("delete device", name, retval) : NULL;
}

static int
set_flag(struct nl_sock *sock, struct rtnl_link *link, bool up)
{
    struct rtnl_link *change = rtnl_link_alloc();
    int retval;

    if (up) {
        rtnl_link_set_flags(change, IFF_UP);
    } else {
        rtnl_link_unset_flags(change, IFF_UP);
    }
    retval = rtnl_link_change(sock, link, change, 0);
    rtnl_link_put(change);
    return retval;
}

static char *
set_up(struct gateway_netns *s, const struct gateway_wanted *w,
       const char *name, bool up)
{
    struct nl_sock *sock = strcmp(name, w->host_if) ? s->inner : s->host;
    struct rtnl_link *link = get_link(sock, name);
    int retval = link ? set_flag(sock, link, up) : -NLE_NODEV;

    rtnl_link_put(link);
    return retval < 0 ? nl_failure(up ? "set up" : "set down", name, retval)
                      : NULL;
}

static char *
set_mac(struct gateway_netns *s, const struct gateway_wanted *w)
{
    struct rtnl_link *link = get_link(s->inner, w->inner_if);
    struct rtnl_link *change = rtnl_link_alloc();
    struct nl_addr *mac = nl_addr_build(AF_LLC, &w->mac, ETH_ADDR_LEN);
    int retval = -NLE_NODEV;

    if (link) {
        rtnl_link_set_addr(change, mac);
        retval = rtnl_link_change(s->inner, link, change, 0);
    }
    nl_addr_put(mac);
    rtnl_link_put(change);
    rtnl_link_put(link);
    return retval < 0 ? nl_failure("set MAC of", w->inner_if, retval) : NULL;
}

/* Deleting a device that came from elsewhere may be impossible. */
static char *
remove_device(struct gateway_netns *s, const char *name)
{
    struct rtnl_link *link = get_link(s->inner, name);
    int retval = 0;

    if (link && rtnl_link_delete(s->inner, link) < 0) {
        retval = set_flag(s->inner, link, false);
    }
    rtnl_link_put(link);
    return retval < 0 ? nl_failure("remove device", name, retval) : NULL;
}

static char *
set_plain_frames(struct gateway_netns *s, const struct gateway_wanted *w)
{
    uint32_t off = 0;
    int error = ethtool_value(w->inner_if, ETHTOOL_STXCSUM, &off);

    if (!error) {
        error = enter(s->host_fd);
    }
    if (!error) {
        error = ethtool_value(w->host_if, ETHTOOL_STXCSUM, &off);
        if (enter(s->inner_fd)) {
            abort();
        }
    }
    return error ? sys_error("switch off checksum offload of", w->host_if,
                             error) : NULL;
}

/* --- Addresses -------------------------------------------------------------*/

static bool
from_nl_addr(const struct nl_addr *addr, struct in6_addr *ip)
{
    if (nl_addr_get_family(addr) == AF_INET && nl_addr_get_len(addr) == 4) {
        ovs_be32 ipv4;

        memcpy(&ipv4, nl_addr_get_binary_addr(addr), sizeof ipv4);
        in6_addr_set_mapped_ipv4(ip, ipv4);
        return true;
    }
    if (nl_addr_get_family(addr) == AF_INET6 && nl_addr_get_len(addr) == 16) {
        memcpy(ip, nl_addr_get_binary_addr(addr), sizeof *ip);
        return true;
    }
    return false;
}

static struct nl_addr *
to_nl_addr(const struct in6_addr *ip, int plen)
{
    ovs_be32 ipv4 = in6_addr_get_mapped_ipv4(ip);
    struct nl_addr *addr = IN6_IS_ADDR_V4MAPPED(ip)
        ? nl_addr_build(AF_INET, &ipv4, sizeof ipv4)
        : nl_addr_build(AF_INET6, ip, sizeof *ip);

    if (plen >= 0) {
        nl_addr_set_prefixlen(addr, plen);
    }
    return addr;
}

static char *
observe_addresses(struct gateway_netns *s, int ifindex,
                  struct gateway_observed *o)
{
    struct nl_cache *cache;
    int retval = rtnl_addr_alloc_cache(s->inner, &cache);
    size_t allocated = 0;

    if (retval < 0) {
        return nl_failure("list addresses of", s->name, retval);
    }
    for (struct nl_object *obj = nl_cache_get_first(cache); obj;
         obj = nl_cache_get_next(obj)) {
        struct rtnl_addr *addr = (struct rtnl_addr *) obj;
        const struct nl_addr *local = rtnl_addr_get_local(addr);
        struct gateway_address a;

        if (rtnl_addr_get_ifindex(addr) != ifindex || !local
            || !from_nl_addr(local, &a.ip) || in6_is_lla(&a.ip)) {
            continue;
        }
        a.plen = rtnl_addr_get_prefixlen(addr);
        if (o->n_addresses >= allocated) {
            o->addresses = x2nrealloc(o->addresses, &allocated,
                                      sizeof *o->addresses);
        }
        o->addresses[o->n_addresses++] = a;
    }
    nl_cache_free(cache);
    return NULL;
}

static char *
change_address(struct gateway_netns *s, const struct gateway_wanted *w,
               const struct gateway_action *action)
{
    struct rtnl_link *link = get_link(s->inner, w->inner_if);
    struct nl_addr *local = to_nl_addr(&action->address.ip,
                                       action->address.plen);
    struct rtnl_addr *addr = rtnl_addr_alloc();
    int retval = -NLE_NODEV;

    if (link) {
        rtnl_addr_set_ifindex(addr, rtnl_link_get_ifindex(link));
        rtnl_addr_set_local(addr, local);
        if (action->kind == GATEWAY_ADD_ADDRESS) {
            rtnl_addr_set_flags(addr, IFA_F_NODAD);
            retval = rtnl_addr_add(s->inner, addr, NLM_F_REPLACE);
        } else {
            retval = rtnl_addr_delete(s->inner, addr, 0);
        }
    }
    rtnl_addr_put(addr);
    nl_addr_put(local);
    rtnl_link_put(link);
    return retval < 0 ? nl_failure(gateway_action_kind_to_string(action->kind),
                                   action->subject, retval) : NULL;
}

/* --- Routes ----------------------------------------------------------------*/

/* The normal form of a route of the main table; NULL for those that the kernel
 * has made by itself.  Caller frees. */
static char *
format_route(struct rtnl_route *route, int ifindex)
{
    struct rtnl_nexthop *nh = rtnl_route_get_nnexthops(route)
                              ? rtnl_route_nexthop_n(route, 0) : NULL;
    const struct nl_addr *dst = rtnl_route_get_dst(route);
    const struct nl_addr *gw = nh ? rtnl_route_nh_get_gateway(nh) : NULL;
    struct in6_addr via = in6addr_any;
    char prefix[INET6_ADDRSTRLEN + 8] = "";
    char *text, *result;

    if (rtnl_route_get_table(route) != RT_TABLE_MAIN
        || rtnl_route_get_protocol(route) == RTPROT_KERNEL) {
        return NULL;
    }
    if (!dst || !nl_addr_get_prefixlen(dst)) {
        ovs_strlcpy(prefix, rtnl_route_get_family(route) == AF_INET
                            ? "0.0.0.0/0" : "::/0", sizeof prefix);
    } else {
        nl_addr2str(dst, prefix, sizeof prefix);
    }
    if (gw && !from_nl_addr(gw, &via)) {
        via = in6addr_any;
    }
    text = gateway_route_format(prefix, &via);
    if (rtnl_route_get_type(route) == RTN_UNICAST
        && rtnl_route_get_nnexthops(route) == 1
        && rtnl_route_nh_get_ifindex(nh) == ifindex) {
        return text;
    }
    result = xasprintf("%s type %d dev %d hops %d", text,
                       rtnl_route_get_type(route),
                       nh ? rtnl_route_nh_get_ifindex(nh) : 0,
                       rtnl_route_get_nnexthops(route));
    free(text);
    return result;
}

/* Calls for each route that has a normal form: puts it into 'routes' or, if
 * 'delete' is nonnull, deletes it if it is that one. */
static char *
walk_routes(struct gateway_netns *s, int ifindex, struct sset *routes,
            const char *delete)
{
    struct nl_cache *cache;
    int retval = rtnl_route_alloc_cache(s->inner, AF_UNSPEC, 0, &cache);

    if (retval < 0) {
        return nl_failure("list routes of", s->name, retval);
    }
    for (struct nl_object *obj = nl_cache_get_first(cache); obj;
         obj = nl_cache_get_next(obj)) {
        struct rtnl_route *route = (struct rtnl_route *) obj;
        char *text = format_route(route, ifindex);

        if (text && routes) {
            sset_add(routes, text);
        } else if (text && delete && !strcmp(text, delete)) {
            retval = rtnl_route_delete(s->inner, route, 0);
        }
        free(text);
    }
    nl_cache_free(cache);
    return retval < 0 ? nl_failure("delete route", delete, retval) : NULL;
}

/* The router need not be in a subnet of the device ("onlink"). */
static char *
add_route(struct gateway_netns *s, int ifindex,
          const struct gateway_action *action)
{
    bool ipv4 = IN6_IS_ADDR_V4MAPPED(&action->address.ip);
    struct nl_addr *gw = to_nl_addr(&action->address.ip, -1);
    struct nl_addr *dst = nl_addr_alloc(ipv4 ? 4 : 16);
    struct rtnl_route *route = rtnl_route_alloc();
    struct rtnl_nexthop *nh = rtnl_route_nh_alloc();
    int retval;

    nl_addr_set_family(dst, ipv4 ? AF_INET : AF_INET6);
    nl_addr_set_prefixlen(dst, 0);
    rtnl_route_set_family(route, ipv4 ? AF_INET : AF_INET6);
    rtnl_route_set_dst(route, dst);
    rtnl_route_set_table(route, RT_TABLE_MAIN);
    rtnl_route_set_protocol(route, RTPROT_STATIC);
    rtnl_route_set_scope(route, RT_SCOPE_UNIVERSE);
    rtnl_route_set_type(route, RTN_UNICAST);
    rtnl_route_nh_set_ifindex(nh, ifindex);
    rtnl_route_nh_set_gateway(nh, gw);
    rtnl_route_nh_set_flags(nh, RTNH_F_ONLINK);
    rtnl_route_add_nexthop(route, nh);
    retval = rtnl_route_add(s->inner, route, NLM_F_CREATE | NLM_F_REPLACE);
    rtnl_route_put(route);
    nl_addr_put(dst);
    nl_addr_put(gw);
    return retval < 0 ? nl_failure("add route", action->subject, retval)
                      : NULL;
}

/* --- Neighbours ------------------------------------------------------------*/

/* As walk_routes(), for permanent neighbours of the device. */
static char *
walk_neighbours(struct gateway_netns *s, int ifindex, struct sset *neighbours,
                const char *delete)
{
    struct nl_cache *cache;
    int retval = rtnl_neigh_alloc_cache(s->inner, &cache);

    if (retval < 0) {
        return nl_failure("list neighbours of", s->name, retval);
    }
    for (struct nl_object *obj = nl_cache_get_first(cache); obj;
         obj = nl_cache_get_next(obj)) {
        struct rtnl_neigh *neigh = (struct rtnl_neigh *) obj;
        const struct nl_addr *dst = rtnl_neigh_get_dst(neigh);
        const struct nl_addr *lladdr = rtnl_neigh_get_lladdr(neigh);
        struct eth_addr mac = eth_addr_zero;
        struct in6_addr ip;

        if (rtnl_neigh_get_ifindex(neigh) != ifindex || !dst
            || !(rtnl_neigh_get_state(neigh) & NUD_PERMANENT)
            || !from_nl_addr(dst, &ip)) {
            continue;
        }
        if (lladdr && nl_addr_get_len(lladdr) == ETH_ADDR_LEN) {
            memcpy(&mac, nl_addr_get_binary_addr(lladdr), ETH_ADDR_LEN);
        }

        char *text = gateway_neighbour_format(&ip, mac);
        if (neighbours) {
            sset_add(neighbours, text);
        } else if (delete && !strcmp(text, delete)) {
            retval = rtnl_neigh_delete(s->inner, neigh, 0);
        }
        free(text);
    }
    nl_cache_free(cache);
    return retval < 0 ? nl_failure("delete neighbour", delete, retval) : NULL;
}

static char *
add_neighbour(struct gateway_netns *s, int ifindex,
              const struct gateway_wanted *w,
              const struct gateway_action *action)
{
    struct nl_addr *dst = to_nl_addr(&action->address.ip, -1);
    struct nl_addr *mac = nl_addr_build(AF_LLC, &w->router_mac, ETH_ADDR_LEN);
    struct rtnl_neigh *neigh = rtnl_neigh_alloc();
    int retval;

    rtnl_neigh_set_ifindex(neigh, ifindex);
    rtnl_neigh_set_dst(neigh, dst);
    rtnl_neigh_set_lladdr(neigh, mac);
    rtnl_neigh_set_state(neigh, NUD_PERMANENT);
    retval = rtnl_neigh_add(s->inner, neigh, NLM_F_CREATE | NLM_F_REPLACE);
    rtnl_neigh_put(neigh);
    nl_addr_put(mac);
    nl_addr_put(dst);
    return retval < 0 ? nl_failure("add neighbour", action->subject, retval)
                      : NULL;
}

/* --- Kernel settings -------------------------------------------------------*/

#define HOST_PREFIX "host:"

/* Opens the setting 'name', "host:" in front meaning the host's.  Returns a
 * file descriptor, or a negative errno. */
static int
open_sysctl(struct gateway_netns *s, const char *name, int flags)
{
    bool host = !strncmp(name, HOST_PREFIX, strlen(HOST_PREFIX));
    const char *bare = host ? name + strlen(HOST_PREFIX) : name;
    char *path = xasprintf("/proc/sys/%s", bare);
    int fd, error;

    /* Which namespace's settings /proc/sys/net shows is decided by the
     * process that opens them. */
    if (host && (error = enter(s->host_fd))) {
        free(path);
        return -error;
    }
    fd = open(path, flags | O_CLOEXEC);
    error = errno;
    if (host && s->inner_fd >= 0 && enter(s->inner_fd)) {
        abort();
    }
    free(path);
    return fd < 0 ? -error : fd;
}

static void
observe_sysctls(struct gateway_netns *s, const struct gateway_wanted *w,
                struct gateway_observed *o)
{
    size_t n;
    struct gateway_sysctl *sysctls = gateway_wanted_sysctls(w, &n);

    for (size_t i = 0; i < n; i++) {
        int fd = open_sysctl(s, sysctls[i].name, O_RDONLY);
        char value[64];
        ssize_t len = fd < 0 ? -1 : read(fd, value, sizeof value - 1);

        if (len >= 0) {
            value[len] = '\0';
            value[strcspn(value, "\n")] = '\0';
            smap_add(&o->sysctls, sysctls[i].name, value);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    gateway_sysctls_free(sysctls, n);
}

static char *
set_sysctl(struct gateway_netns *s, const char *name, const char *value)
{
    int fd = open_sysctl(s, name, O_WRONLY);
    int error = fd < 0 ? -fd : 0;

    if (!error) {
        error = write(fd, value, strlen(value)) < 0 ? errno : 0;
        close(fd);
    }
    return error ? sys_error("set", name, error) : NULL;
}

/* --- The two ends ----------------------------------------------------------*/

static char *
observe_inner(struct gateway_netns *s, const struct gateway_wanted *w,
              struct rtnl_link *inner, struct gateway_observed *o)
{
    char *error = observe_devices(s, w->inner_if, o);

    observe_device(inner, &o->inner_if);
    observe_sysctls(s, w, o);
    if (!error && inner) {
        int ifindex = rtnl_link_get_ifindex(inner);

        error = observe_addresses(s, ifindex, o);
        if (!error) {
            error = walk_routes(s, ifindex, &o->routes, NULL);
        }
        if (!error) {
            error = walk_neighbours(s, ifindex, &o->neighbours, NULL);
        }
    }
    return error;
}

char *
gateway_netns_observe(struct gateway_netns *s, const struct gateway_wanted *w,
                      struct gateway_observed *o)
{
    struct rtnl_link *host = get_link(s->host, w->host_if);
    struct rtnl_link *inner = get_link(s->inner, w->inner_if);
    char *error = NULL;

    o->netns = s->inner != NULL;
    o->paired = are_paired(host, inner);
    if (enter(s->host_fd)) {
        error = sys_error("enter", "the host's network namespace", errno);
    } else {
        observe_device(host, &o->host_if);
    }
    if (!error && o->netns) {
        int retval = enter(s->inner_fd);

        error = retval ? sys_error("enter", s->name, retval)
                       : observe_inner(s, w, inner, o);
    }
    rtnl_link_put(host);
    rtnl_link_put(inner);
    return error;
}

/* Actions that need the inner device's index. */
static char *
act_on_device(struct gateway_netns *s, const struct gateway_wanted *w,
              const struct gateway_action *a)
{
    struct rtnl_link *link = get_link(s->inner, w->inner_if);
    int ifindex = link ? rtnl_link_get_ifindex(link) : 0;

    rtnl_link_put(link);
    if (!ifindex) {
        return sys_error("find device", w->inner_if, ENODEV);
    } else if (a->kind == GATEWAY_ADD_ROUTE) {
        return add_route(s, ifindex, a);
    } else if (a->kind == GATEWAY_DELETE_ROUTE) {
        return walk_routes(s, ifindex, NULL, a->subject);
    } else if (a->kind == GATEWAY_ADD_NEIGHBOUR) {
        return add_neighbour(s, ifindex, w, a);
    } else {
        return walk_neighbours(s, ifindex, NULL, a->subject);
    }
}

char *
gateway_netns_act(struct gateway_netns *s, const struct gateway_wanted *w,
                  const struct gateway_action *a)
{
    switch (a->kind) {
    case GATEWAY_CREATE_NETNS: return create_netns(s);
    case GATEWAY_DELETE_NETNS: return delete_netns(s);
    case GATEWAY_CREATE_VETH: return create_veth(s, w);
    case GATEWAY_DELETE_VETH: return delete_veth(s, a->subject);
    case GATEWAY_REMOVE_DEVICE: return remove_device(s, a->subject);
    case GATEWAY_SET_SYSCTL: return set_sysctl(s, a->subject, a->value);
    case GATEWAY_SET_MAC: return set_mac(s, w);
    case GATEWAY_SET_PLAIN_FRAMES: return set_plain_frames(s, w);
    case GATEWAY_SET_UP: return set_up(s, w, a->subject, true);
    case GATEWAY_SET_DOWN: return set_up(s, w, a->subject, false);
    case GATEWAY_ADD_ADDRESS:
    case GATEWAY_DELETE_ADDRESS: return change_address(s, w, a);
    case GATEWAY_ADD_NEIGHBOUR:
    case GATEWAY_DELETE_NEIGHBOUR:
    case GATEWAY_ADD_ROUTE:
    case GATEWAY_DELETE_ROUTE: return act_on_device(s, w, a);
    case GATEWAY_LOAD_RULESET:
    case GATEWAY_DELETE_TABLE:
    case GATEWAY_ADD_ELEMENTS:
    case GATEWAY_DELETE_ELEMENTS:
    case GATEWAY_FLUSH_CONNECTIONS: break;
    }
    return sys_error("do", gateway_action_kind_to_string(a->kind),
                     EOPNOTSUPP);
}
