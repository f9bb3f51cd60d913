/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/sample_events.h"

#include <inttypes.h>

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

struct platform {
    const char *channel;
    const char *name;
    const char *agent;
    const char *version;
};

static const struct platform platforms[] = {
    {"web", "firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
     "7.2.0"},
    {"web", "safari", "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) Safari/619.1", "7.2.0"},
    {"mobile", "android", "HarbourShop/4.11 (Pixel 9; Android 16)", "4.11.3"},
    {"mobile", "ios", "HarbourShop/4.12 (iPhone17,1; iOS 19.0)", "4.12.0"},
    {"kiosk", "kiosk", "HarbourKiosk/2.3 (counter)", "2.3.1"},
};

static const char *const products[] = {
    "Oilskin jacket",
    "Brass compass",
    "Enamel mug \\\"Ebb\\\"",
    "Wool jumper, Faroe",
    "Signal flags A\u2013Z",
    "Sea chart 1:50k",
    "Rope, hemp, 30 m",
    "Phare d\u2019Eckm\u00fchl print",
    "Deck shoes",
    "Storm lantern",
    "Barometer",
    "Tide clock",
};

static const char *const searches[] = {
    "rain jacket",    "gift for sailor",    "compass brass",
    "pullover wolle", "lampe temp\u00eate", "mug",
};

static const char *const targets[] = {
    "add-to-basket", "image-zoom", "size-guide", "reviews", "wishlist", "share",
};

/* splitmix64 */
static uint64_t next_random(struct sample_events *e)
{
    uint64_t z = e->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int below(struct sample_events *e, int limit)
{
    return (int)(next_random(e) % (uint64_t)limit);
}

enum { MEAN_GAP_MS = 900 };

void sample_events_init(struct sample_events *e, uint64_t seed, int64_t end_ms, int64_t total)
{
    *e = (struct sample_events){.random = seed, .total = total};
    e->time_ms = end_ms - total * MEAN_GAP_MS;
}

static void new_visitor(struct sample_events *e)
{
    e->session = next_random(e);
    e->session_left = 2 + below(e, 14);
    e->platform = below(e, COUNT_OF(platforms));
    e->user = below(e, 3) == 0 ? -1 : below(e, 900);
    e->product = below(e, COUNT_OF(products));
}

static void put_common(struct sample_events *e, struct textbuf *out, const char *type,
                       const char *category)
{
    const struct platform *p = &platforms[e->platform];

    textbuf_puts(out, "{\"timestamp\":\"");
    textbuf_time(out, e->time_ms);
    textbuf_printf(out,
                   "\",\"channel\":\"%s\",\"platform\":\"%s\",\"event_type\":\"%s\","
                   "\"event_category\":\"%s\",\"session_id\":\"%016" PRIx64
                   "\",\"device_id\":\"%08" PRIx64 "\",\"user_agent\":\"%s\","
                   "\"client_version\":\"%s\"",
                   p->channel, p->name, type, category, e->session, e->session >> 32, p->agent,
                   p->version);
    if (e->user >= 0)
        textbuf_printf(out, ",\"user_id\":\"u-%04d\"", e->user);
}

static void put_product(const struct sample_events *e, struct textbuf *out)
{
    textbuf_printf(out, ",\"resource_id\":\"/products/%d\",\"resource_title\":\"%s\"",
                   100 + e->product, products[e->product]);
}

static void put_event(struct sample_events *e, struct textbuf *out)
{
    int roll = below(e, 100);

    if (roll < 45) {
        put_common(e, out, "page_view", "navigation");
        put_product(e, out);
        textbuf_printf(out, ",\"metadata\":{\"referrer\":\"/\",\"viewport\":[%d,720]}",
                       1024 + 64 * below(e, 10));
    } else if (roll < 70) {
        put_common(e, out, "click", "engagement");
        put_product(e, out);
        textbuf_printf(out, ",\"interaction_target\":\"%s\"", targets[below(e, COUNT_OF(targets))]);
    } else if (roll < 85) {
        int hits = below(e, 40);
        put_common(e, out, "search", "navigation");
        textbuf_printf(out, ",\"interaction_text\":\"%s\",\"interaction_value\":%d",
                       searches[below(e, COUNT_OF(searches))], hits);
    } else if (roll < 94) {
        put_common(e, out, "form_submit", "engagement");
        textbuf_puts(out, ",\"interaction_target\":\"newsletter\"");
    } else {
        int cents = below(e, 100);
        put_common(e, out, "purchase", "commerce");
        put_product(e, out);
        textbuf_printf(out,
                       ",\"interaction_value\":%d.%02d,\"metadata\":{\"currency\":\"EUR\","
                       "\"items\":%d}",
                       9 + below(e, 240), cents, 1 + below(e, 4));
    }
    /* A new version of the clients goes out half-way, which tells one thing more. */
    if (e->count > e->total / 2)
        textbuf_printf(out, ",\"load_ms\":%d", 40 + below(e, 900));
    textbuf_puts(out, "}");
}

/* What clients really send when they are broken: half a message, or text for a number. */
static void put_malformed(struct sample_events *e, struct textbuf *out)
{
    put_common(e, out, "click", "engagement");
    if (e->malformed++ % 2 == 0)
        textbuf_puts(out, ",\"interaction_target\":\"wish");
    else
        textbuf_puts(out, ",\"interaction_value\":\"n/a\"}");
}

void sample_events_next(struct sample_events *e, struct textbuf *out)
{
    if (e->session_left-- == 0)
        new_visitor(e);
    textbuf_clear(out);
    e->time_ms += below(e, 2 * MEAN_GAP_MS);
    if (e->count % 500 == 250)
        put_malformed(e, out);
    else
        put_event(e, out);
    if (below(e, 3) == 0)
        e->product = below(e, COUNT_OF(products));
    e->count++;
}
