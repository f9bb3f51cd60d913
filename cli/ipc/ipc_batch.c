/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/ipc_batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "ipc/ipc_codec.h"

enum { NODE_SIZE = 16, BUFFER_SIZE = 16, ALIGNMENT = 8 };

static const int64_t nothing[2]; /* what the buffers of arrays without rows point at */

struct ipc_memory *ipc_memory_new(uint8_t *body, size_t size)
{
    struct ipc_memory *memory = need_alloc(1, sizeof(*memory));

    atomic_init(&memory->refs, 1);
    memory->body = body;
    memory->size = size;
    return memory;
}

void ipc_memory_unref(struct ipc_memory *memory)
{
    if (memory == NULL || atomic_fetch_sub(&memory->refs, 1) != 1)
        return;
    for (size_t i = 0; i < memory->n_blocks; i++)
        free(memory->blocks[i]);
    free(memory->blocks);
    free(memory->body);
    free(memory);
}

static void release_array(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i] != NULL && array->children[i]->release != NULL)
            array->children[i]->release(array->children[i]);
        free(array->children[i]);
    }
    if (array->dictionary != NULL && array->dictionary->release != NULL)
        array->dictionary->release(array->dictionary);
    free(array->dictionary);
    free((void *)array->children);
    free((void *)array->buffers);
    ipc_memory_unref(array->private_data);
    array->release = NULL;
}

static void make_array(struct ArrowArray *out, struct ipc_memory *memory, size_t n_buffers,
                       size_t n_children)
{
    *out = (struct ArrowArray){.n_buffers = (int64_t)n_buffers,
                               .n_children = (int64_t)n_children,
                               .release = release_array,
                               .private_data = memory};
    (void)atomic_fetch_add(&memory->refs, 1);
    out->buffers = need_alloc(n_buffers + 1, sizeof(*out->buffers));
    out->children = need_alloc(n_children + 1, sizeof(*out->children));
    for (size_t i = 0; i < n_children; i++)
        out->children[i] = need_alloc(1, sizeof(**out->children));
}

/* Another tree of arrays on the same memory. */
static void copy_array(const struct ArrowArray *from, struct ArrowArray *out)
{
    make_array(out, from->private_data, (size_t)from->n_buffers, (size_t)from->n_children);
    out->length = from->length;
    out->null_count = from->null_count;
    for (int64_t i = 0; i < from->n_buffers; i++)
        out->buffers[i] = from->buffers[i];
    for (int64_t i = 0; i < from->n_children; i++)
        copy_array(from->children[i], out->children[i]);
    if (from->dictionary != NULL) {
        out->dictionary = need_alloc(1, sizeof(*out->dictionary));
        copy_array(from->dictionary, out->dictionary);
    }
}

/* ---- buffers ---- */

struct builder {
    struct ipc_memory *memory;
    const struct ipc_dictionaries *dictionaries;
    struct flat_vector nodes;
    struct flat_vector buffers;
    struct flat_vector variadic;
    size_t next_node;
    size_t next_buffer;
    size_t next_variadic;
    int codec; /* -1: none */
    struct textbuf *problem;
};

static bool fail(struct builder *b, const char *reason)
{
    textbuf_puts(b->problem, reason);
    return false;
}

static void keep_block(struct ipc_memory *memory, void *block)
{
    memory->blocks = need_realloc(memory->blocks, memory->n_blocks + 1, sizeof(*memory->blocks));
    memory->blocks[memory->n_blocks++] = block;
}

static bool decompress(struct builder *b, const uint8_t **bytes, size_t *size)
{
    int64_t plain;
    uint8_t *block;

    if (*size < 8)
        return fail(b, "a compressed buffer is cut off");
    plain = flat_le(*bytes, 8);
    *bytes += 8;
    *size -= 8;
    if (plain == -1)
        return true;
    if (plain < 0 || plain > IPC_MAX_BUFFER)
        return fail(b, "a compressed buffer of an impossible length");
    block = ipc_decompress(b->codec, *bytes, *size, (size_t)plain);
    if (block == NULL)
        return fail(b, "a compressed buffer cannot be decompressed");
    keep_block(b->memory, block);
    *bytes = block;
    *size = (size_t)plain;
    return true;
}

/* The next buffer; empty when its size is 0. */
static bool next_buffer(struct builder *b, const uint8_t **out, size_t *out_size)
{
    const uint8_t *item;
    int64_t offset;
    int64_t size;

    if (b->next_buffer >= b->buffers.count)
        return fail(b, "fewer buffers than the columns have");
    item = b->buffers.items + BUFFER_SIZE * b->next_buffer++;
    offset = flat_le(item, 8);
    size = flat_le(item + 8, 8);
    *out = (const uint8_t *)nothing;
    *out_size = 0;
    if (size == 0)
        return true;
    if (offset < 0 || size < 0 || (uint64_t)offset > b->memory->size ||
        (uint64_t)size > b->memory->size - (uint64_t)offset)
        return fail(b, "a buffer is not within the message");
    *out = b->memory->body + offset;
    *out_size = (size_t)size;
    if (b->codec >= 0 && !decompress(b, out, out_size))
        return false;
    if ((uintptr_t)*out % ALIGNMENT != 0) {
        void *block = need_alloc(*out_size + 1, 1);
        memcpy(block, *out, *out_size);
        keep_block(b->memory, block);
        *out = block;
    }
    return true;
}

/* The next buffer, which has so many items of so many bits at least. */
static bool need_buffer(struct builder *b, int64_t items, int64_t bits, const uint8_t **out,
                        size_t *out_size)
{
    size_t size;

    if (!next_buffer(b, out, &size))
        return false;
    if (out_size != NULL)
        *out_size = size;
    if (bits > 0 && (uint64_t)items > ((uint64_t)size * 8) / (uint64_t)bits)
        return fail(b, "a buffer is too short");
    return true;
}

static bool take_validity(struct builder *b, struct ArrowArray *array)
{
    const uint8_t *bits;
    size_t size;

    if (!next_buffer(b, &bits, &size))
        return false;
    array->buffers[0] = NULL;
    if (size == 0 && array->null_count > 0)
        return fail(b, "nulls are counted that are not marked");
    if (size == 0)
        return true;
    if (size < ((uint64_t)array->length + 7) / 8)
        return fail(b, "a buffer is too short");
    array->buffers[0] = bits;
    return true;
}

/* Offsets of `width` bytes into what follows; *out_end is the last one. */
static bool take_offsets(struct builder *b, struct ArrowArray *array, int width, int64_t *out_end)
{
    const uint8_t *offsets;
    size_t size;

    *out_end = 0;
    if (!next_buffer(b, &offsets, &size))
        return false;
    array->buffers[1] = offsets;
    if (size == 0 && array->length == 0)
        return true;
    if ((uint64_t)array->length >= size / (size_t)width)
        return fail(b, "a buffer is too short");
    *out_end = flat_le(offsets + (size_t)array->length * (size_t)width, width);
    return *out_end >= 0 || fail(b, "a negative offset");
}

static bool take_bytes(struct builder *b, struct ArrowArray *array, int width)
{
    const uint8_t *data;
    int64_t end;

    if (!take_validity(b, array) || !take_offsets(b, array, width, &end) ||
        !need_buffer(b, end, 8, &data, NULL))
        return false;
    array->buffers[2] = data;
    return true;
}

/* After validity and views come the data buffers, and for the reader their sizes. */
static bool take_views(struct builder *b, struct ArrowArray *array, size_t count)
{
    const uint8_t *views;
    int64_t *sizes = need_alloc(count + 1, sizeof(*sizes));

    keep_block(b->memory, sizes);
    if (!take_validity(b, array) || !need_buffer(b, array->length, 128, &views, NULL))
        return false;
    array->buffers[1] = views;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *data;
        size_t size;
        if (!next_buffer(b, &data, &size))
            return false;
        array->buffers[2 + i] = data;
        sizes[i] = (int64_t)size;
    }
    array->buffers[2 + count] = sizes;
    return true;
}

static bool take_list_views(struct builder *b, struct ArrowArray *array, int64_t bits)
{
    const uint8_t *offsets;
    const uint8_t *sizes;

    if (!take_validity(b, array) || !need_buffer(b, array->length, bits, &offsets, NULL) ||
        !need_buffer(b, array->length, bits, &sizes, NULL))
        return false;
    array->buffers[1] = offsets;
    array->buffers[2] = sizes;
    return true;
}

static bool take_fixed(struct builder *b, const struct ipc_field *field, struct ArrowArray *array)
{
    const uint8_t *values;

    if (!take_validity(b, array) || !need_buffer(b, array->length, field->bits, &values, NULL))
        return false;
    array->buffers[1] = values;
    return true;
}

/* How many data buffers the next column of views has. */
static bool next_variadic(struct builder *b, size_t *out)
{
    int64_t count;

    if (b->next_variadic >= b->variadic.count)
        return fail(b, "fewer counts of data buffers than the columns have");
    count = flat_le(b->variadic.items + 8 * b->next_variadic++, 8);
    *out = (size_t)count;
    return (count >= 0 && (uint64_t)count <= b->buffers.count) ||
           fail(b, "more data buffers than the message has");
}

/* ---- arrays ---- */

static size_t buffers_of(const struct ipc_field *field)
{
    switch (field->layout) {
    case LAYOUT_NULL:
    case LAYOUT_RUN_END:
        return 0;
    case LAYOUT_STRUCT:
    case LAYOUT_FIXED_LIST:
        return 1;
    case LAYOUT_BYTES:
    case LAYOUT_LARGE_BYTES:
    case LAYOUT_LIST_VIEW:
    case LAYOUT_LARGE_LIST_VIEW:
        return 3;
    default:
        return 2;
    }
}

static bool take_buffers(struct builder *b, const struct ipc_field *field, struct ArrowArray *array,
                         size_t n_data)
{
    int64_t end;

    switch (field->layout) {
    case LAYOUT_FIXED:
        return take_fixed(b, field, array);
    case LAYOUT_BYTES:
        return take_bytes(b, array, 4);
    case LAYOUT_LARGE_BYTES:
        return take_bytes(b, array, 8);
    case LAYOUT_VIEW:
        return take_views(b, array, n_data);
    case LAYOUT_STRUCT:
    case LAYOUT_FIXED_LIST:
        return take_validity(b, array);
    case LAYOUT_LIST:
        return take_validity(b, array) && take_offsets(b, array, 4, &end);
    case LAYOUT_LARGE_LIST:
        return take_validity(b, array) && take_offsets(b, array, 8, &end);
    case LAYOUT_LIST_VIEW:
        return take_list_views(b, array, 32);
    case LAYOUT_LARGE_LIST_VIEW:
        return take_list_views(b, array, 64);
    default:
        return true;
    }
}

/* How many rows the children have at least, for those that have none of their own. */
static int64_t child_rows(const struct ipc_field *field, int64_t rows)
{
    if (field->layout == LAYOUT_STRUCT)
        return rows;
    if (field->layout != LAYOUT_FIXED_LIST || field->bits == 0)
        return 0;
    return rows > INT64_MAX / field->bits ? INT64_MAX : rows * field->bits;
}

static bool take_dictionary(struct builder *b, const struct ipc_field *field,
                            struct ArrowArray *array)
{
    for (size_t i = 0; i < b->dictionaries->count; i++) {
        const struct ipc_dictionary *d = &b->dictionaries->items[i];
        if (d->id != field->dictionary_id || d->values.release == NULL)
            continue;
        array->dictionary = need_alloc(1, sizeof(*array->dictionary));
        copy_array(&d->values, array->dictionary);
        return true;
    }
    return fail(b, "its dictionary has not come");
}

/* On failure *out may be released as it is. */
static bool take_array(struct builder *b, const struct ipc_field *field, int64_t least_rows,
                       struct ArrowArray *out)
{
    const uint8_t *node;
    size_t n_data = 0;

    if (b->next_node >= b->nodes.count)
        return fail(b, "fewer columns than the schema has");
    node = b->nodes.items + NODE_SIZE * b->next_node++;
    if (field->layout == LAYOUT_VIEW && !next_variadic(b, &n_data))
        return false;
    make_array(out, b->memory, buffers_of(field) + (field->layout == LAYOUT_VIEW ? n_data + 1 : 0),
               field->n_children);
    out->length = flat_le(node, 8);
    out->null_count = flat_le(node + 8, 8);
    if (out->length < least_rows || out->length > IPC_MAX_ROWS || out->null_count < 0 ||
        out->null_count > out->length)
        return fail(b, "an impossible number of rows or nulls");
    if (!take_buffers(b, field, out, n_data))
        return false;
    for (size_t i = 0; i < field->n_children; i++)
        if (!take_array(b, &field->children[i], child_rows(field, out->length), out->children[i]))
            return false;
    return !field->has_dictionary || take_dictionary(b, field, out);
}

static bool take_columns(struct builder *b, const struct ipc_field *root, struct ArrowArray *out)
{
    for (size_t i = 0; i < root->n_children; i++) {
        if (!take_array(b, &root->children[i], out->length, out->children[i]))
            return false;
    }
    return true;
}

bool ipc_read_batch(const struct flat *batch, const struct ipc_field *root,
                    const struct ipc_dictionaries *dictionaries, struct ipc_memory *memory,
                    struct ArrowArray *out, struct textbuf *problem)
{
    const struct flat compression = flat_table(batch, 3);
    struct builder b = {
        .memory = memory,
        .dictionaries = dictionaries,
        .nodes = flat_vector(batch, 1, NODE_SIZE),
        .buffers = flat_vector(batch, 2, BUFFER_SIZE),
        .variadic = flat_vector(batch, 4, 8),
        .codec = compression.bytes == NULL ? -1 : (int)flat_int(&compression, 0, 1, 0),
        .problem = problem,
    };
    bool good;

    make_array(out, memory, 1, root->n_children);
    out->length = flat_int(batch, 0, 8, 0);
    if (out->length < 0 || out->length > IPC_MAX_ROWS)
        good = fail(&b, "an impossible number of rows");
    else if (b.codec >= 0 && !ipc_has_codec(b.codec))
        good = fail(&b, "its compression is not built in (LZ4), or unknown");
    else
        good = take_columns(&b, root, out);
    if (!good)
        out->release(out);
    return good;
}
