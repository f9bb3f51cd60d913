/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/ipc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "ipc/ipc_batch.h"

enum {
    HEADER_SCHEMA = 1,
    HEADER_DICTIONARY = 2,
    HEADER_BATCH = 3,
    BLOCK_SIZE = 24,
    MAX_METADATA = 256 << 20,
    STEP = 1 << 20 /* so much memory is taken before bytes of that size have come */
};

static const char magic[6] = {'A', 'R', 'R', 'O', 'W', '1'};

struct ipc {
    struct ipc_source source;
    struct ArrowSchema schema;
    struct ipc_field root;
    struct ipc_dictionaries dictionaries;
    struct textbuf problem;
    bool ended;
    /* Of a file, where its messages are; NULL: they follow one another. */
    int64_t *places;
    size_t n_places;
    size_t next_place;
};

/* One message: `metadata` keeps the FlatBuffer, `header` is in it. */
struct message {
    uint8_t *metadata;
    int kind;
    struct flat header;
    struct ipc_memory *memory; /* the body */
};

static void message_done(struct message *m)
{
    free(m->metadata);
    ipc_memory_unref(m->memory);
}

/* ---- bytes ---- */

/* As many as there are, up to `len`; -1: a failure. */
static int64_t read_some(struct ipc *ipc, uint8_t *out, size_t len)
{
    size_t got = 0;

    while (got < len) {
        long n = ipc->source.read(ipc->source.ctx, out + got, len - got);
        if (n < 0) {
            textbuf_puts(&ipc->problem, "cannot be read");
            return -1;
        }
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (int64_t)got;
}

static bool read_all(struct ipc *ipc, uint8_t *out, size_t len)
{
    int64_t got = read_some(ipc, out, len);

    if (got >= 0 && (size_t)got < len)
        textbuf_puts(&ipc->problem, "it ends in the middle of a message");
    return got >= 0 && (size_t)got == len;
}

/* Memory grows with what has come: a length alone takes none. */
static uint8_t *read_block(struct ipc *ipc, size_t len)
{
    size_t cap = len < STEP ? len : STEP;
    uint8_t *block = need_alloc(cap + 1, 1);
    size_t got = 0;

    for (;;) {
        if (!read_all(ipc, block + got, cap - got)) {
            free(block);
            return NULL;
        }
        got = cap;
        if (got == len)
            return block;
        cap = len - got < got ? len : 2 * got;
        block = need_realloc(block, cap + 1, 1);
    }
}

/* ---- messages ---- */

/* The size of the next message's metadata; 0: the end. */
static bool read_size(struct ipc *ipc, size_t *out)
{
    uint8_t bytes[4];
    int64_t got = read_some(ipc, bytes, 4);
    int64_t size;

    *out = 0;
    if (got <= 0)
        return got == 0;
    size = got == 4 ? flat_le(bytes, 4) : 0;
    if (got == 4 && size == -1) { /* since format version 0.15 */
        if (!read_all(ipc, bytes, 4))
            return false;
        size = flat_le(bytes, 4);
    } else if (got < 4) {
        textbuf_puts(&ipc->problem, "it ends in the middle of a message");
        return false;
    }
    if (size < 0 || size > MAX_METADATA) {
        textbuf_puts(&ipc->problem, "not Arrow IPC, or damaged: a message of an impossible size");
        return false;
    }
    *out = (size_t)size;
    return true;
}

static bool go_to_next_place(struct ipc *ipc)
{
    if (ipc->next_place == ipc->n_places)
        return false;
    if (ipc->source.seek(ipc->source.ctx, ipc->places[ipc->next_place++]))
        return true;
    textbuf_puts(&ipc->problem, "damaged: a message is not within the file");
    return false;
}

/* False with an empty problem: the end. */
static bool read_message(struct ipc *ipc, struct message *out)
{
    struct flat message;
    int64_t body_size;
    uint8_t *body;
    size_t size;

    *out = (struct message){0};
    if (ipc->places != NULL && !go_to_next_place(ipc))
        return false;
    if (!read_size(ipc, &size) || size == 0)
        return false;
    out->metadata = read_block(ipc, size);
    if (out->metadata == NULL)
        return false;
    message = flat_root(out->metadata, size);
    out->kind = (int)flat_int(&message, 1, 1, 0);
    out->header = flat_table(&message, 2);
    body_size = flat_int(&message, 3, 8, 0);
    if (out->header.bytes == NULL || body_size < 0 || (uint64_t)body_size > SIZE_MAX / 4) {
        textbuf_puts(&ipc->problem, "not Arrow IPC, or damaged: a malformed message");
        return false;
    }
    body = read_block(ipc, (size_t)body_size);
    if (body == NULL)
        return false;
    out->memory = ipc_memory_new(body, (size_t)body_size);
    return true;
}

/* The field whose values dictionary `id` has; NULL: none. */
static struct ipc_field *find_values(struct ipc_field *field, int64_t id)
{
    struct ipc_field *found = NULL;

    if (field->has_dictionary && field->dictionary_id == id)
        return field->values;
    for (size_t i = 0; i < field->n_children && found == NULL; i++)
        found = find_values(&field->children[i], id);
    if (found == NULL && field->values != NULL)
        found = find_values(field->values, id);
    return found;
}

static struct ipc_dictionary *dictionary_of(struct ipc *ipc, int64_t id)
{
    struct ipc_dictionaries *all = &ipc->dictionaries;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].id == id)
            return &all->items[i];
    all->items = need_realloc(all->items, all->count + 1, sizeof(*all->items));
    all->items[all->count] = (struct ipc_dictionary){.id = id};
    return &all->items[all->count++];
}

static bool take_dictionary(struct ipc *ipc, const struct message *m)
{
    int64_t id = flat_int(&m->header, 0, 8, 0);
    const struct flat batch = flat_table(&m->header, 1);
    struct ipc_field *values = find_values(&ipc->root, id);
    struct ipc_dictionary *dictionary;
    struct ipc_field root = {.layout = LAYOUT_STRUCT, .n_children = 1};
    struct ArrowArray array;

    if (values == NULL)
        return true; /* of no column */
    if (flat_int(&m->header, 2, 1, 0) != 0) {
        textbuf_puts(&ipc->problem,
                     "dictionaries that grow (delta dictionaries) are not supported");
        return false;
    }
    root.children = values;
    if (!ipc_read_batch(&batch, &root, &ipc->dictionaries, m->memory, &array, &ipc->problem))
        return false;
    dictionary = dictionary_of(ipc, id);
    if (dictionary->values.release != NULL)
        dictionary->values.release(&dictionary->values);
    dictionary->values = *array.children[0];
    array.children[0]->release = NULL;
    array.release(&array);
    return true;
}

/* ---- the stream ---- */

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct ipc *ipc = stream->private_data;

    ipc_schema_copy(&ipc->schema, out);
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct ipc *ipc = stream->private_data;
    bool given = false;

    *out = (struct ArrowArray){0};
    while (!given && !ipc->ended && ipc->problem.len == 0) {
        struct message m;
        if (!read_message(ipc, &m))
            ipc->ended = true;
        else if (m.kind == HEADER_DICTIONARY)
            (void)take_dictionary(ipc, &m);
        else if (m.kind == HEADER_BATCH)
            given = ipc_read_batch(&m.header, &ipc->root, &ipc->dictionaries, m.memory, out,
                                   &ipc->problem);
        message_done(&m);
    }
    return ipc->problem.len == 0 ? 0 : EIO;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    const struct ipc *ipc = stream->private_data;

    return ipc->problem.len == 0 ? NULL : ipc->problem.text;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    struct ipc *ipc = stream->private_data;

    for (size_t i = 0; i < ipc->dictionaries.count; i++)
        if (ipc->dictionaries.items[i].values.release != NULL)
            ipc->dictionaries.items[i].values.release(&ipc->dictionaries.items[i].values);
    free(ipc->dictionaries.items);
    if (ipc->schema.release != NULL)
        ipc->schema.release(&ipc->schema);
    ipc_field_done(&ipc->root);
    free(ipc->places);
    textbuf_done(&ipc->problem);
    free(ipc);
    stream->release = NULL;
}

static void take_blocks(struct ipc *ipc, const struct flat *footer, int field)
{
    struct flat_vector blocks = flat_vector(footer, field, BLOCK_SIZE);

    ipc->places = need_realloc(ipc->places, ipc->n_places + blocks.count + 1, sizeof(*ipc->places));
    for (size_t i = 0; i < blocks.count; i++) {
        int64_t place = flat_le(blocks.items + BLOCK_SIZE * i, 8);
        ipc->places[ipc->n_places++] = place < 0 ? INT64_MAX : place;
    }
}

/* The footer has the schema and tells where the messages are; what lies between need not be a
 * stream. */
static bool read_footer(struct ipc *ipc, struct message *out)
{
    uint8_t end[10];
    int64_t size;

    if (!read_all(ipc, end, sizeof(end)))
        return false;
    size = flat_le(end, 4);
    if (memcmp(end + 4, magic, 6) != 0 || size <= 0 || size > MAX_METADATA ||
        !ipc->source.seek(ipc->source.ctx, -(int64_t)sizeof(end) - size)) {
        textbuf_puts(&ipc->problem, "damaged: an Arrow IPC file without its footer");
        return false;
    }
    out->metadata = read_block(ipc, (size_t)size);
    if (out->metadata == NULL)
        return false;
    out->header = flat_root(out->metadata, (size_t)size);
    take_blocks(ipc, &out->header, 2); /* dictionaries */
    take_blocks(ipc, &out->header, 3); /* record batches */
    out->kind = HEADER_SCHEMA;
    out->header = flat_table(&out->header, 1);
    return true;
}

/* What has the schema: a stream's first message, or a file's footer. */
static bool read_first(struct ipc *ipc, struct message *out)
{
    uint8_t start[8];
    struct flat message;
    int64_t size;

    *out = (struct message){0};
    if (!read_all(ipc, start, 8))
        return false;
    if (memcmp(start, magic, 6) == 0)
        return ipc->source.seek != NULL && ipc->source.seek(ipc->source.ctx, -10)
                   ? read_footer(ipc, out)
                   : read_message(ipc, out);
    size = flat_le(start, 4) == -1 ? flat_le(start + 4, 4) : -1;
    if (size <= 0 || size > MAX_METADATA) {
        textbuf_puts(&ipc->problem, "not Arrow IPC, neither a file nor a stream");
        return false;
    }
    out->metadata = read_block(ipc, (size_t)size);
    if (out->metadata == NULL)
        return false;
    message = flat_root(out->metadata, (size_t)size);
    out->kind = (int)flat_int(&message, 1, 1, 0);
    out->header = flat_table(&message, 2);
    return true;
}

bool ipc_open(const struct ipc_source *source, struct ArrowArrayStream *out,
              struct textbuf *problem)
{
    struct ipc *ipc = need_alloc(1, sizeof(*ipc));
    struct message first;
    bool good;

    ipc->source = *source;
    *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, ipc};
    good = read_first(ipc, &first);
    if (good && (first.kind != HEADER_SCHEMA || first.header.bytes == NULL)) {
        textbuf_puts(&ipc->problem, "not Arrow IPC, or damaged: the schema does not come first");
        good = false;
    }
    if (good)
        good = ipc_read_schema(&first.header, &ipc->schema, &ipc->root, &ipc->problem);
    message_done(&first);
    if (!good) {
        textbuf_puts(problem, ipc->problem.len == 0 ? "it is empty" : ipc->problem.text);
        out->release(out);
    }
    return good;
}
