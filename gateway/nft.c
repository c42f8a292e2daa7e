/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "gateway/nft.h"

#include <nftables/libnftables.h>
#include <string.h>
#include "util.h"

/* nft's message without its picture of the place: the first line. */
static char *
error_text(struct nft_ctx *ctx, const char *what)
{
    const char *text = nft_ctx_get_error_buffer(ctx);
    size_t len = text ? strcspn(text, "\n") : 0;

    return xasprintf("cannot %s: nft: %.*s", what, (int) (len ? len : 16),
                     len ? text : "no explanation");
}

static struct nft_ctx *
open_nft(void)
{
    struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);

    if (ctx && (nft_ctx_buffer_output(ctx) || nft_ctx_buffer_error(ctx))) {
        nft_ctx_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

char *
gateway_nft_run(const char *commands)
{
    struct nft_ctx *ctx = open_nft();
    char *error = NULL;

    if (!ctx) {
        return xstrdup("cannot change nftables: no netlink socket");
    }
    if (nft_run_cmd_from_buffer(ctx, commands)) {
        error = error_text(ctx, "change nftables");
    }
    nft_ctx_free(ctx);
    return error;
}

char *
gateway_nft_list(char **json)
{
    struct nft_ctx *ctx = open_nft();
    char *error = NULL;

    *json = NULL;
    if (!ctx) {
        return xstrdup("cannot list nftables: no netlink socket");
    }
    nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_JSON
                                  | NFT_CTX_OUTPUT_NUMERIC_ALL);
    if (nft_run_cmd_from_buffer(ctx, "list ruleset")) {
        error = error_text(ctx, "list nftables");
    } else {
        *json = xstrdup(nft_ctx_get_output_buffer(ctx));
    }
    nft_ctx_free(ctx);
    return error;
}
