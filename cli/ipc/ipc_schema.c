/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/ipc_schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { MAX_DEPTH = 100, MAX_FIELDS = 100000, MAX_FORMAT = 600 };

/* Numbers of the union Type in Schema.fbs. */
enum ipc_type {
    TYPE_NULL = 1,
    TYPE_INT,
    TYPE_FLOATING_POINT,
    TYPE_BINARY,
    TYPE_UTF8,
    TYPE_BOOL,
    TYPE_DECIMAL,
    TYPE_DATE,
    TYPE_TIME,
    TYPE_TIMESTAMP,
    TYPE_INTERVAL,
    TYPE_LIST,
    TYPE_STRUCT,
    TYPE_UNION,
    TYPE_FIXED_SIZE_BINARY,
    TYPE_FIXED_SIZE_LIST,
    TYPE_MAP,
    TYPE_DURATION,
    TYPE_LARGE_BINARY,
    TYPE_LARGE_UTF8,
    TYPE_LARGE_LIST,
    TYPE_RUN_END_ENCODED,
    TYPE_BINARY_VIEW,
    TYPE_UTF8_VIEW,
    TYPE_LIST_VIEW,
    TYPE_LARGE_LIST_VIEW
};

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i] != NULL && schema->children[i]->release != NULL)
            schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    if (schema->dictionary != NULL && schema->dictionary->release != NULL)
        schema->dictionary->release(schema->dictionary);
    free(schema->dictionary);
    free((void *)schema->children);
    free(schema->private_data); /* format, name and metadata are in it */
    schema->release = NULL;
}

/* One that owns its texts; children are added by the caller. */
static void make_schema(struct ArrowSchema *out, const char *format, const char *name, size_t len,
                        size_t n_children)
{
    size_t format_size = strlen(format) + 1;
    char *texts = need_alloc(format_size + len + 1, 1);

    memcpy(texts, format, format_size);
    if (len > 0)
        memcpy(texts + format_size, name, len);
    *out = (struct ArrowSchema){.format = texts,
                                .name = texts + format_size,
                                .n_children = (int64_t)n_children,
                                .release = release_schema,
                                .private_data = texts};
    out->children = need_alloc(n_children + 1, sizeof(*out->children));
    for (size_t i = 0; i < n_children; i++)
        out->children[i] = need_alloc(1, sizeof(**out->children));
}

void ipc_schema_copy(const struct ArrowSchema *from, struct ArrowSchema *out)
{
    make_schema(out, from->format, from->name, strlen(from->name), (size_t)from->n_children);
    out->flags = from->flags;
    for (int64_t i = 0; i < from->n_children; i++)
        ipc_schema_copy(from->children[i], out->children[i]);
    if (from->dictionary != NULL) {
        out->dictionary = need_alloc(1, sizeof(*out->dictionary));
        ipc_schema_copy(from->dictionary, out->dictionary);
    }
}

void ipc_field_done(struct ipc_field *field)
{
    for (size_t i = 0; i < field->n_children; i++)
        ipc_field_done(&field->children[i]);
    free(field->children);
    if (field->values != NULL)
        ipc_field_done(field->values);
    free(field->values);
    *field = (struct ipc_field){LAYOUT_NULL, 0, false, 0, NULL, NULL, 0};
}

struct reader {
    struct textbuf *problem;
    int fields;
};

static bool fail(struct reader *r, const char *name, size_t len, const char *reason)
{
    textbuf_printf(r->problem, "column %.*s: %s", (int)len, name, reason);
    return false;
}

static void fixed(struct ipc_field *f, int64_t bits)
{
    f->layout = LAYOUT_FIXED;
    f->bits = bits;
}

static bool int_format(const struct flat *type, struct ipc_field *f, char *format)
{
    int64_t bits = flat_int(type, 0, 4, 0);
    bool is_signed = flat_int(type, 1, 1, 0) != 0;
    const char *letters = is_signed ? "csil" : "CSIL";

    fixed(f, bits);
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
        return false;
    format[0] = letters[bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3];
    return true;
}

static bool float_format(const struct flat *type, struct ipc_field *f, char *format)
{
    int64_t precision = flat_int(type, 0, 2, 0);

    if (precision < 0 || precision > 2)
        return false;
    format[0] = "efg"[precision];
    fixed(f, INT64_C(16) << precision);
    return true;
}

static bool decimal_format(const struct flat *type, struct ipc_field *f, char *format)
{
    int64_t bits = flat_int(type, 2, 4, 128);

    fixed(f, bits);
    if (bits != 32 && bits != 64 && bits != 128 && bits != 256)
        return false;
    (void)snprintf(format, MAX_FORMAT,
                   bits == 128 ? "d:%" PRId64 ",%" PRId64 : "d:%" PRId64 ",%" PRId64 ",%" PRId64,
                   flat_int(type, 0, 4, 0), flat_int(type, 1, 4, 0), bits);
    return true;
}

/* "tss:UTC" and so on; `kind` is what stands before the unit. */
static bool unit_format(const char *kind, int64_t unit, const char *zone, size_t zone_len,
                        struct ipc_field *f, int64_t bits, char *format)
{
    fixed(f, bits);
    if (unit < 0 || unit > 3 || zone_len > MAX_FORMAT / 2)
        return false;
    (void)snprintf(format, MAX_FORMAT, "%s%c%s%.*s", kind, "smun"[unit],
                   strcmp(kind, "ts") == 0 ? ":" : "", (int)zone_len, zone);
    return true;
}

static bool time_format(const struct flat *type, struct ipc_field *f, char *format)
{
    int64_t bits = flat_int(type, 1, 4, 32);

    return (bits == 32 || bits == 64) &&
           unit_format("tt", flat_int(type, 0, 2, 1), "", 0, f, bits, format);
}

static bool timestamp_format(const struct flat *type, struct ipc_field *f, char *format)
{
    const char *zone;
    size_t len;

    if (!flat_string(type, 1, &zone, &len)) {
        zone = "";
        len = 0;
    }
    return unit_format("ts", flat_int(type, 0, 2, 0), zone, len, f, 64, format);
}

static bool date_format(const struct flat *type, struct ipc_field *f, char *format)
{
    bool days = flat_int(type, 0, 2, 1) == 0;

    (void)snprintf(format, MAX_FORMAT, "%s", days ? "tdD" : "tdm");
    fixed(f, days ? 32 : 64);
    return true;
}

static bool sized_format(const struct flat *type, struct ipc_field *f, enum ipc_layout layout,
                         char *format)
{
    int64_t size = flat_int(type, 0, 4, 0);

    f->layout = layout;
    f->bits = layout == LAYOUT_FIXED ? size * 8 : size;
    (void)snprintf(format, MAX_FORMAT, layout == LAYOUT_FIXED ? "w:%" PRId64 : "+w:%" PRId64, size);
    return size >= 0;
}

/* Types of which the number tells all. */
static const struct {
    int type;
    enum ipc_layout layout;
    const char *format;
    size_t n_children; /* SIZE_MAX: any */
} plain_types[] = {
    {TYPE_NULL, LAYOUT_NULL, "n", 0},
    {TYPE_BINARY, LAYOUT_BYTES, "z", 0},
    {TYPE_UTF8, LAYOUT_BYTES, "u", 0},
    {TYPE_LARGE_BINARY, LAYOUT_LARGE_BYTES, "Z", 0},
    {TYPE_LARGE_UTF8, LAYOUT_LARGE_BYTES, "U", 0},
    {TYPE_BINARY_VIEW, LAYOUT_VIEW, "vz", 0},
    {TYPE_UTF8_VIEW, LAYOUT_VIEW, "vu", 0},
    {TYPE_LIST, LAYOUT_LIST, "+l", 1},
    {TYPE_LARGE_LIST, LAYOUT_LARGE_LIST, "+L", 1},
    {TYPE_LIST_VIEW, LAYOUT_LIST_VIEW, "+vl", 1},
    {TYPE_LARGE_LIST_VIEW, LAYOUT_LARGE_LIST_VIEW, "+vL", 1},
    {TYPE_MAP, LAYOUT_LIST, "+m", 1},
    {TYPE_STRUCT, LAYOUT_STRUCT, "+s", SIZE_MAX},
    {TYPE_RUN_END_ENCODED, LAYOUT_RUN_END, "+r", 2},
};

static bool type_format(int number, const struct flat *type, struct ipc_field *f, char *format)
{
    switch (number) {
    case TYPE_INT:
        return int_format(type, f, format);
    case TYPE_FLOATING_POINT:
        return float_format(type, f, format);
    case TYPE_BOOL:
        format[0] = 'b';
        fixed(f, 1);
        return true;
    case TYPE_DECIMAL:
        return decimal_format(type, f, format);
    case TYPE_DATE:
        return date_format(type, f, format);
    case TYPE_TIME:
        return time_format(type, f, format);
    case TYPE_TIMESTAMP:
        return timestamp_format(type, f, format);
    case TYPE_DURATION:
        return unit_format("tD", flat_int(type, 0, 2, 1), "", 0, f, 64, format);
    case TYPE_FIXED_SIZE_BINARY:
        return sized_format(type, f, LAYOUT_FIXED, format);
    case TYPE_FIXED_SIZE_LIST:
        return f->n_children == 1 && sized_format(type, f, LAYOUT_FIXED_LIST, format);
    default:
        break;
    }
    for (size_t i = 0; i < sizeof(plain_types) / sizeof(plain_types[0]); i++) {
        if (plain_types[i].type != number)
            continue;
        f->layout = plain_types[i].layout;
        (void)snprintf(format, MAX_FORMAT, "%s", plain_types[i].format);
        return plain_types[i].n_children == SIZE_MAX || plain_types[i].n_children == f->n_children;
    }
    return false;
}

static bool read_fields(struct reader *r, const struct flat *owner, int field, int depth,
                        struct ArrowSchema *schema, struct ipc_field *out);

/* A field whose values are in a dictionary: the indexes are its own, the rest the dictionary's. */
static bool make_dictionary(const struct flat *encoding, struct ArrowSchema *schema,
                            struct ipc_field *f, const char *name, size_t len)
{
    struct ipc_field values = *f;
    struct ArrowSchema of_values = *schema;
    const struct flat index = flat_table(encoding, 1);
    char format[2] = "i";
    bool known;

    *f = (struct ipc_field){.has_dictionary = true, .dictionary_id = flat_int(encoding, 0, 8, 0)};
    fixed(f, 32);
    known = index.bytes == NULL || int_format(&index, f, format);
    make_schema(schema, format, name, len, 0);
    schema->flags = of_values.flags;
    schema->dictionary = need_alloc(1, sizeof(*schema->dictionary));
    *schema->dictionary = of_values;
    f->values = need_alloc(1, sizeof(*f->values));
    *f->values = values;
    return known;
}

static bool read_field(struct reader *r, const struct flat *t, int depth,
                       struct ArrowSchema *schema, struct ipc_field *f)
{
    const struct flat type = flat_table(t, 3);
    const struct flat dictionary = flat_table(t, 4);
    int number = (int)flat_int(t, 2, 1, 0);
    char format[MAX_FORMAT] = "";
    const char *name;
    size_t len;

    if (!flat_string(t, 0, &name, &len))
        len = 0;
    if (memchr(len == 0 ? "" : name, '\0', len) != NULL)
        return fail(r, name, len, "its name has a NUL");
    if (depth > MAX_DEPTH || ++r->fields > MAX_FIELDS)
        return fail(r, name, len, "too many columns, or too deeply nested");
    f->n_children = flat_vector(t, 5, 4).count;
    if (!type_format(number, &type, f, format)) {
        f->n_children = 0;
        return fail(r, name, len, "a type that is not known, or malformed");
    }
    make_schema(schema, format, name, len, f->n_children);
    schema->flags = flat_int(t, 1, 1, 0) != 0 ? ARROW_FLAG_NULLABLE : 0;
    if (!read_fields(r, t, 5, depth, schema, f))
        return false;
    return dictionary.bytes == NULL || make_dictionary(&dictionary, schema, f, name, len) ||
           fail(r, name, len, "indexes of an unknown type");
}

static bool read_fields(struct reader *r, const struct flat *owner, int field, int depth,
                        struct ArrowSchema *schema, struct ipc_field *out)
{
    struct flat_vector fields = flat_vector(owner, field, 4);

    out->children = need_alloc(out->n_children + 1, sizeof(*out->children));
    for (size_t i = 0; i < out->n_children; i++) {
        const struct flat t = flat_vector_table(owner, &fields, i);
        if (!read_field(r, &t, depth + 1, schema->children[i], &out->children[i]))
            return false;
    }
    return true;
}

bool ipc_read_schema(const struct flat *message, struct ArrowSchema *out_schema,
                     struct ipc_field *out_root, struct textbuf *problem)
{
    struct reader r = {problem, 0};

    *out_root = (struct ipc_field){.layout = LAYOUT_STRUCT};
    out_schema->release = NULL;
    if (flat_int(message, 0, 2, 0) != 0) {
        textbuf_puts(problem, "big-endian data");
        return false;
    }
    out_root->n_children = flat_vector(message, 1, 4).count;
    if (out_root->n_children > MAX_FIELDS) {
        out_root->n_children = 0;
        textbuf_puts(problem, "too many columns");
        return false;
    }
    make_schema(out_schema, "+s", "", 0, out_root->n_children);
    return read_fields(&r, message, 1, 0, out_schema, out_root);
}
