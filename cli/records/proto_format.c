/* SPDX-License-Identifier: Apache-2.0 */
#include "records/proto_format.h"

#include <stdlib.h>

#include "common/memory.h"
#include "records/framing.h"
#include "records/proto_data.h"
#include "records/proto_wire.h"
#include "records/registry.h"

enum { MAX_TOLD = 100, MAX_INDEXES = 100 };

struct known {
    struct known *next;
    int32_t id; /* -1: of the file */
    struct proto_pool pool;
    struct proto_file file;
    struct proto_message *message; /* of the file: the one that all payloads are */
    struct textbuf problem;        /* not empty: the schema cannot be used */
    const struct proto_message *told[MAX_TOLD];
    size_t n_told;
};

struct proto_format {
    struct registry *registry;
    struct known *known; /* the last one used comes first */
    struct delta_schema schema;
    struct scratch scratch;
};

static void known_free(struct known *known)
{
    proto_pool_done(&known->pool);
    textbuf_done(&known->problem);
    free(known);
}

static bool read_descriptor_file(struct proto_format *format, const struct record_config *config,
                                 struct textbuf *out_problem)
{
    struct known *known = need_alloc(1, sizeof(*known));
    struct span data;

    known->id = -1;
    format->known = known;
    if (!framing_read_file(&known->pool.scratch, config->descriptor_file, &data, out_problem))
        return false;
    if (!proto_read_set(&known->pool, data, &known->problem) ||
        !proto_link(&known->pool, &known->problem)) {
        textbuf_printf(out_problem, "%s: %s", config->descriptor_file, known->problem.text);
        return false;
    }
    if (config->message != NULL)
        known->message = proto_find(&known->pool, span_of(config->message));
    if (known->message == NULL)
        textbuf_printf(out_problem, "%s: it has no message %s", config->descriptor_file,
                       config->message == NULL ? "(none is named)" : config->message);
    return known->message != NULL;
}

struct proto_format *proto_format_new(const struct record_config *config, struct registry *registry,
                                      struct textbuf *out_problem)
{
    struct proto_format *format = need_alloc(1, sizeof(*format));
    bool good = true;

    format->registry = registry;
    if (registry == NULL && config->descriptor_file == NULL) {
        textbuf_puts(out_problem, "Protobuf needs a schema registry or a descriptor file");
        good = false;
    } else if (registry == NULL) {
        good = read_descriptor_file(format, config, out_problem);
    }
    if (good)
        return format;
    proto_format_free(format);
    return NULL;
}

void proto_format_free(struct proto_format *format)
{
    if (format == NULL)
        return;
    while (format->known != NULL) {
        struct known *known = format->known;
        format->known = known->next;
        known_free(known);
    }
    textbuf_done(&format->schema.text);
    scratch_done(&format->scratch);
    free(format);
}

static size_t base64_decode(struct span text, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    int n_bits = 0;
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.ptr[i] == '\0' ? NULL : strchr(digits, text.ptr[i]);
        if (at == NULL)
            continue;
        bits = bits << 6 | (uint32_t)(at - digits);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[len++] = (char)(bits >> n_bits);
        }
    }
    return len;
}

/* Some clients register a FileDescriptorProto in base64 in place of the file's text. */
static bool read_schema(struct known *known, const char *text, struct proto_file *file)
{
    struct span data = span_of(text);
    struct textbuf problem = {0};
    struct scratch *scratch = &known->pool.scratch;
    bool good;
    char *bytes;

    if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
            data.len &&
        data.len > 0) {
        bytes = scratch_alloc(scratch, data.len);
        data = (struct span){bytes, base64_decode(data, bytes)};
        good = proto_read_file(&known->pool, data, file, &problem);
    } else {
        good = proto_parse(&known->pool, data, file, &problem);
    }
    if (!good)
        textbuf_puts(&known->problem, problem.text);
    textbuf_done(&problem);
    return good;
}

static bool read_references(struct known *known, const struct registry_schema *schema,
                            const struct registry_schema **seen, size_t *n_seen)
{
    for (size_t i = 0; i < schema->n_references; i++) {
        const struct registry_schema *reference = schema->references[i].schema;
        struct proto_file file = {0};
        bool again = false;
        for (size_t k = 0; k < *n_seen; k++)
            again = again || seen[k] == reference;
        if (again)
            continue;
        if (*n_seen == MAX_TOLD) {
            textbuf_puts(&known->problem, "too many references");
            return false;
        }
        seen[(*n_seen)++] = reference;
        if (!read_references(known, reference, seen, n_seen) ||
            !read_schema(known, reference->text, &file))
            return false;
    }
    return true;
}

static struct known *read_registered(const struct registry_schema *schema, int32_t id)
{
    const struct registry_schema *seen[MAX_TOLD];
    struct known *known = need_alloc(1, sizeof(*known));
    size_t n_seen = 0;

    known->id = id;
    if (strcmp(schema->type, "PROTOBUF") != 0)
        textbuf_printf(&known->problem, "its type is %s", schema->type);
    else if (read_references(known, schema, seen, &n_seen) &&
             read_schema(known, schema->text, &known->file))
        (void)proto_link(&known->pool, &known->problem);
    return known;
}

static enum decode_result by_id(struct proto_format *format, int32_t id, struct known **out,
                                struct failure *failure)
{
    const struct registry_schema *schema = NULL;
    struct known **at = &format->known;
    enum decode_result result;

    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    if (*at != NULL) {
        *out = *at;
        *at = (*out)->next;
    } else {
        result = registry_by_id(format->registry, id, &schema, failure);
        if (result != DECODE_ROWS)
            return result;
        *out = read_registered(schema, id);
    }
    (*out)->next = format->known;
    format->known = *out;
    return DECODE_ROWS;
}

/* The nth of messages in one place, counted without the entries of maps and, as .proto files have
 * them, groups; clients that count these too are understood where that number is too large. */
static struct proto_message *nth(struct proto_message *first, uint64_t n)
{
    struct proto_message *m;
    uint64_t at = 0;

    for (m = first; m != NULL; m = m->next_nested) {
        if (!m->map_entry && !m->group && at++ == n)
            return m;
    }
    at = 0;
    for (m = first; m != NULL; m = m->next_nested) {
        if (at++ == n)
            return m;
    }
    return NULL;
}

/* Which message of its file the payload is: a list of indexes, from the file inwards; an empty one
 * is the first message. */
static struct proto_message *take_message(struct known *known, struct span *data)
{
    struct wire wire = wire_of(*data);
    struct proto_message *message = NULL;
    uint64_t count;
    uint64_t index;

    if (!wire_varint(&wire, &count))
        return NULL;
    count = (uint64_t)wire_zigzag(count);
    if (count == 0)
        message = nth(known->file.messages, 0);
    for (uint64_t i = 0; i < count && i < MAX_INDEXES; i++) {
        if (!wire_varint(&wire, &index))
            return NULL;
        message =
            nth(i == 0 ? known->file.messages : message->nested, (uint64_t)wire_zigzag(index));
        if (message == NULL)
            return NULL;
    }
    *data = (struct span){(const char *)wire.at, (size_t)(wire.end - wire.at)};
    return count > MAX_INDEXES ? NULL : message;
}

static enum decode_result find_message(struct proto_format *format, struct span *data,
                                       struct known **out, struct proto_message **out_message,
                                       struct failure *failure)
{
    enum decode_result result;
    int32_t id;

    if (format->registry == NULL) {
        *out = format->known;
        *out_message = (*out)->message;
        return DECODE_ROWS;
    }
    result = framing_take_id(data, &id, failure);
    if (result == DECODE_ROWS)
        result = by_id(format, id, out, failure);
    if (result != DECODE_ROWS)
        return result;
    if ((*out)->problem.len != 0)
        return failure_bad(failure, "registry", "PROTOBUF_SCHEMA", "schema %ld: %s", (long)id,
                           (*out)->problem.text);
    *out_message = take_message(*out, data);
    if (*out_message == NULL)
        return failure_bad(failure, "registry", "PROTOBUF_MESSAGE_INDEX",
                           "schema %ld has no message of the payload's index", (long)id);
    return DECODE_ROWS;
}

static void tell(struct proto_format *format, struct known *known, struct proto_message *message,
                 const char **out_schema)
{
    for (size_t i = 0; i < known->n_told; i++) {
        if (known->told[i] == message)
            return;
    }
    if (known->n_told == MAX_TOLD)
        return;
    known->told[known->n_told++] = message;
    textbuf_clear(&format->schema.text);
    format->schema.n_fields = 0;
    format->schema.depth = 0;
    proto_delta_schema(message, &format->schema);
    *out_schema = format->schema.text.text;
}

enum decode_result proto_format_decode(struct proto_format *format, struct span data,
                                       size_t max_bytes, struct row_list *rows,
                                       const char **out_schema, struct failure *failure)
{
    size_t start = rows->text.len;
    struct proto_message *message = NULL;
    struct known *known = NULL;
    enum decode_result result = find_message(format, &data, &known, &message, failure);

    if (result != DECODE_ROWS)
        return result;
    scratch_reset(&format->scratch);
    result = proto_to_json(message, data, max_bytes, &format->scratch, &rows->text, failure);
    if (result != DECODE_ROWS)
        return result;
    row_list_made(rows, start);
    tell(format, known, message, out_schema);
    return DECODE_ROWS;
}
