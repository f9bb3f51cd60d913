/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow arrays that a careless or hostile producer could give: formats, lengths, offsets, null
 * counts, children and the content of buffers are the input's. Only the sizes of buffers, which the
 * interface does not carry, are as the array's own length and offset want them, and each buffer is
 * a block of its own, so that a read beyond it is seen. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "check_column.h"
#include "columns/arrow_format.h"
#include "fuzz_bytes.h"

enum { MAX_DEPTH = 4, MAX_CHILDREN = 3, MAX_BUFFERS = 5, MAX_LENGTH = 64 };

typedef struct node {
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct ArrowSchema *schemas[MAX_CHILDREN];
    struct ArrowArray *arrays[MAX_CHILDREN];
    void *buffers[MAX_BUFFERS];
    char format[24];
    struct node *children[MAX_CHILDREN];
    struct node *dictionary;
} node;

static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static void free_node(node *n)
{
    if (n == NULL)
        return;
    for (int i = 0; i < MAX_BUFFERS; i++)
        free(n->buffers[i]);
    for (int i = 0; i < MAX_CHILDREN; i++)
        free_node(n->children[i]);
    free_node(n->dictionary);
    free(n);
}

static void choose_format(fuzz_bytes *in, int depth, char out[24])
{
    static const char *const flat[] = {
        "n",         "b",          "c",      "C",       "s",           "S",
        "i",         "I",          "l",      "L",       "e",           "f",
        "g",         "u",          "U",      "vu",      "z",           "Z",
        "vz",        "tdD",        "tdm",    "tts",     "ttm",         "ttu",
        "ttn",       "tDs",        "tsu:",   "tsn:UTC", "tss:",        "tsm:Europe/Berlin",
        "w:3",       "w:0",        "w:16",   "d:9,2",   "d:38,10,128", "d:9,0,32",
        "d:18,4,64", "d:60,3,256", "d:5,-2", "d:3,5"};
    static const char *const nested[] = {"+s",   "+l",   "+L", "+vl", "+vL",
                                         "+w:2", "+w:0", "+m", "+r"};
    unsigned n_flat = sizeof(flat) / sizeof(flat[0]);
    unsigned n_nested = sizeof(nested) / sizeof(nested[0]);
    unsigned n = n_flat + (depth < MAX_DEPTH ? n_nested : 0);
    unsigned i = fuzz_below(in, n);

    (void)snprintf(out, 24, "%s", i < n_flat ? flat[i] : nested[i - n_flat]);
}

/* A block of exactly `len` bytes of the input; one that is not there now and then. */
static void *block(fuzz_bytes *in, size_t len, bool small)
{
    uint8_t *out;

    if (fuzz_below(in, 32) == 31)
        return NULL;
    out = malloc(len == 0 ? 1 : len);
    if (out == NULL)
        return NULL;
    fuzz_take(in, out, len);
    for (size_t i = 0; small && i < len; i++) /* indices and offsets that are near the mark */
        out[i] = i % 4 == 0 ? (uint8_t)(out[i] % MAX_LENGTH) : 0;
    return out;
}

/* Bytes that the buffers of `count` values have, by format; 0 ends the list. */
static int buffer_sizes(const dwi_arrow_format *f, size_t count, size_t data,
                        size_t sizes[MAX_BUFFERS])
{
    size_t bitmap = count / 8 + 1;
    size_t width = (size_t)f->bits / 8;

    sizes[0] = bitmap;
    switch (f->kind) {
    case DWI_ARROW_NULL:
    case DWI_ARROW_RUN_END:
        return 0;
    case DWI_ARROW_STRUCT:
    case DWI_ARROW_FIXED_LIST:
        return 1;
    case DWI_ARROW_BOOL:
        sizes[1] = bitmap;
        return 2;
    case DWI_ARROW_STRING:
    case DWI_ARROW_BINARY:
        sizes[1] = (count + 1) * width;
        sizes[2] = data;
        return 3;
    case DWI_ARROW_STRING_VIEW:
    case DWI_ARROW_BINARY_VIEW:
        sizes[1] = count * 16;
        sizes[2] = data;
        sizes[3] = sizeof(int64_t);
        return 4;
    case DWI_ARROW_LIST:
    case DWI_ARROW_MAP:
        sizes[1] = (count + 1) * width;
        return 2;
    case DWI_ARROW_LIST_VIEW:
        sizes[1] = count * width;
        sizes[2] = count * width;
        return 3;
    case DWI_ARROW_FIXED_BINARY:
        sizes[1] = count * (size_t)f->bytes;
        return 2;
    default:
        sizes[1] = count * width;
        return 2;
    }
}

/* Offsets of strings have to be believed up to the last one, as their data's size is not told. */
static void tame_offsets(const dwi_arrow_format *f, node *n, size_t count, size_t data)
{
    bool bytes = f->kind == DWI_ARROW_STRING || f->kind == DWI_ARROW_BINARY;
    bool views = f->kind == DWI_ARROW_STRING_VIEW || f->kind == DWI_ARROW_BINARY_VIEW;
    int64_t size = (int64_t)data;

    if (views && n->buffers[3] != NULL)
        memcpy(n->buffers[3], &size, sizeof(size));
    for (size_t i = 0; bytes && n->buffers[1] != NULL && i <= count; i++) {
        uint8_t *at = (uint8_t *)n->buffers[1] + i * ((size_t)f->bits / 8);
        int64_t wide = 0;
        memcpy(&wide, at, (size_t)f->bits / 8);
        wide = (int64_t)((uint64_t)wide % (data + 1));
        memcpy(at, &wide, (size_t)f->bits / 8);
    }
}

static node *make_node(fuzz_bytes *in, int depth, int64_t length);

static void make_children(fuzz_bytes *in, node *n, const dwi_arrow_format *f, int depth,
                          int64_t reach)
{
    int64_t count = f->kind == DWI_ARROW_STRUCT    ? fuzz_below(in, MAX_CHILDREN + 1)
                    : f->kind == DWI_ARROW_RUN_END ? 2
                                                   : 1;
    static const char *const names[] = {"a", "b", "A"};

    for (int64_t i = 0; i < count; i++) {
        int64_t length = f->kind == DWI_ARROW_STRUCT ? reach : (int64_t)fuzz_below(in, MAX_LENGTH);
        n->children[i] = make_node(in, depth + 1, length);
        if (n->children[i] == NULL) {
            count = i;
            break;
        }
        n->children[i]->schema.name = names[i];
        n->schemas[i] = &n->children[i]->schema;
        n->arrays[i] = &n->children[i]->array;
    }
    n->schema.n_children = count;
    n->schema.children = n->schemas;
    n->array.n_children = count;
    n->array.children = n->arrays;
}

/* An array of `length` rows, or of what the input says instead. */
static node *make_node(fuzz_bytes *in, int depth, int64_t length)
{
    node *n = calloc(1, sizeof(*n));
    uint8_t odd = fuzz_u8(in);
    dwi_arrow_format format;
    size_t sizes[MAX_BUFFERS] = {0};
    size_t data = fuzz_below(in, MAX_LENGTH);
    int64_t offset = fuzz_below(in, 4) == 3 ? fuzz_below(in, 20) : 0;
    int buffers;

    if (n == NULL)
        return NULL;
    if (depth == 0)
        (void)snprintf(n->format, sizeof(n->format), "+s");
    else
        choose_format(in, depth, n->format);
    if (!dwi_arrow_format_parse(n->format, &format))
        abort(); /* each of them is one we take */
    n->schema.format = n->format;
    n->schema.flags = (odd & 1) != 0 ? 0 : ARROW_FLAG_NULLABLE;
    n->schema.release = release_schema;
    n->array.release = release_array;
    n->array.length = length;
    n->array.offset = offset;
    n->array.null_count = (odd & 2) != 0 ? 0 : -1;
    buffers = buffer_sizes(&format, (size_t)(length + offset), data, sizes);
    for (int i = 0; i < buffers; i++)
        n->buffers[i] = block(in, sizes[i], i > 0 && (odd & 4) != 0);
    if (n->array.null_count == 0 && buffers > 0 && (odd & 8) != 0) {
        free(n->buffers[0]);
        n->buffers[0] = NULL;
    }
    tame_offsets(&format, n, (size_t)(length + offset), data);
    n->array.n_buffers = buffers;
    n->array.buffers = (const void **)(void *)n->buffers;
    if (format.kind >= DWI_ARROW_STRUCT)
        make_children(in, n, &format, depth, length + offset);
    if ((format.kind == DWI_ARROW_INT || format.kind == DWI_ARROW_UINT) && depth < MAX_DEPTH &&
        (odd & 0x30) == 0x30) {
        n->dictionary = make_node(in, depth + 1, fuzz_below(in, MAX_LENGTH));
        n->schema.dictionary = n->dictionary == NULL ? NULL : &n->dictionary->schema;
        n->array.dictionary = n->dictionary == NULL ? NULL : &n->dictionary->array;
    }
    /* Lies that can be found out. */
    if ((odd & 0xC0) == 0xC0) {
        switch (fuzz_below(in, 8)) {
        case 0:
            n->array.length = -1 - fuzz_u8(in);
            break;
        case 1:
            n->array.null_count = (int64_t)fuzz_u64(in);
            break;
        case 2:
            n->array.n_buffers = fuzz_u8(in) % (MAX_BUFFERS + 1);
            break;
        case 3:
            n->array.n_children = fuzz_u8(in);
            break;
        case 4:
            n->schema.n_children = -1;
            break;
        case 5:
            n->array.children = NULL;
            break;
        case 6:
            n->array.buffers = NULL;
            break;
        default:
            n->array.offset = INT64_MAX;
            break;
        }
    }
    return n;
}

static void import(const node *n, bool exact)
{
    const dwi_type *type = NULL;
    const dwi_vec *rows = NULL;
    dwi_column column = {0};
    dwi_arena arena;
    dw_error err;
    dw_status status;

    dwi_arena_init(&arena, dwi_alloc_default());
    DWI_TRY(exact ? dwi_arrow_parquet_type(&arena, &n->schema, &type, &err)
                  : dwi_arrow_type(&arena, &n->schema, &type, &err));
    DWI_TRY(exact ? dwi_arrow_view_exact(&arena, &n->schema, &n->array, type, &rows, &err)
                  : dwi_arrow_view(&arena, &n->schema, &n->array, type, &rows, &err));
    DWI_TRY(dwi_column_init(&column, type, dwi_alloc_default(), &err));
    DWI_TRY(dwi_column_append_vec(&column, rows, 0, rows->length, &err));
    if (dwt_check_column(&column) != NULL &&
        strcmp(dwt_check_column(&column), "a null row that is not zero") != 0) {
        (void)fprintf(stderr, "broken column: %s\n", dwt_check_column(&column));
        abort();
    }
done:
    dwi_column_done(&column);
    dwi_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes in = {data, size};
    node *n = make_node(&in, 0, fuzz_below(&in, MAX_LENGTH));

    if (n == NULL)
        return 0;
    import(n, true);
    import(n, false);
    free_node(n);
    return 0;
}
