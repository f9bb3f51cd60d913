/* SPDX-License-Identifier: Apache-2.0 */
#include "records/avro_format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "common/memory.h"
#include "records/avro_data.h"
#include "records/framing.h"
#include "records/registry.h"

enum { ASK_AGAIN_S = 10, MAX_TOLD = 100 };

/* A schema of the file or the registry, kept as long as the format. */
struct known {
    struct known *next;
    int32_t id; /* -1: of the file */
    uint64_t fingerprint;
    struct scratch scratch;
    struct avro_type *type; /* NULL: `problem` */
    struct textbuf problem;
    const struct avro_type *told[MAX_TOLD]; /* whose columns were told: branches of a union */
    size_t n_told;
};

struct avro_format {
    struct registry *registry;
    struct known *known; /* the last one used comes first */
    struct delta_schema schema;
    time_t asked; /* when an unknown fingerprint was last looked for */
};

static struct known *known_new(int32_t id)
{
    struct known *known = need_alloc(1, sizeof(*known));

    known->id = id;
    return known;
}

static void known_free(struct known *known)
{
    scratch_done(&known->scratch);
    textbuf_done(&known->problem);
    free(known);
}

static void add_known(struct avro_format *format, struct known *known)
{
    known->next = format->known;
    format->known = known;
}

static bool read_schema_file(struct avro_format *format, const char *path,
                             struct textbuf *out_problem)
{
    struct known *known = known_new(-1);
    struct avro_names *names = NULL;
    struct span text;

    if (!framing_read_file(&known->scratch, path, &text, out_problem)) {
        known_free(known);
        return false;
    }
    known->type = avro_parse(&known->scratch, &names, text, &known->problem);
    if (known->type == NULL) {
        textbuf_printf(out_problem, "%s: %s", path, known->problem.text);
        known_free(known);
        return false;
    }
    known->fingerprint = avro_fingerprint(known->type);
    add_known(format, known);
    return true;
}

struct avro_format *avro_format_new(const struct record_config *config, struct registry *registry,
                                    struct textbuf *out_problem)
{
    struct avro_format *format = need_alloc(1, sizeof(*format));

    format->registry = registry;
    if (config->schema_file != NULL &&
        !read_schema_file(format, config->schema_file, out_problem)) {
        avro_format_free(format);
        return NULL;
    }
    if (config->schema_file == NULL && registry == NULL) {
        textbuf_puts(out_problem, "Avro needs a schema registry or a schema file");
        avro_format_free(format);
        return NULL;
    }
    return format;
}

void avro_format_free(struct avro_format *format)
{
    if (format == NULL)
        return;
    while (format->known != NULL) {
        struct known *known = format->known;
        format->known = known->next;
        known_free(known);
    }
    textbuf_done(&format->schema.text);
    free(format);
}

/* Referenced schemas come before those that name them; of one that is reached twice the second is
 * left out. */
static bool parse_references(struct known *known, struct avro_names **names,
                             const struct registry_schema *schema,
                             const struct registry_schema **seen, size_t *n_seen, int depth)
{
    for (size_t i = 0; i < schema->n_references; i++) {
        const struct registry_schema *reference = schema->references[i].schema;
        bool again = false;
        for (size_t k = 0; k < *n_seen; k++)
            again = again || seen[k] == reference;
        if (again)
            continue;
        if (depth > 30 || *n_seen == MAX_TOLD)
            return textbuf_puts(&known->problem, "too many references"), false;
        seen[(*n_seen)++] = reference;
        if (!parse_references(known, names, reference, seen, n_seen, depth + 1) ||
            avro_parse(&known->scratch, names, span_of(reference->text), &known->problem) == NULL)
            return false;
    }
    return true;
}

static struct known *parse_registered(const struct registry_schema *schema, int32_t id)
{
    const struct registry_schema *seen[MAX_TOLD];
    struct known *known = known_new(id);
    struct avro_names *names = NULL;
    size_t n_seen = 0;

    if (strcmp(schema->type, "AVRO") != 0)
        textbuf_printf(&known->problem, "its type is %s", schema->type);
    else if (parse_references(known, &names, schema, seen, &n_seen, 0))
        known->type = avro_parse(&known->scratch, &names, span_of(schema->text), &known->problem);
    if (known->type != NULL)
        known->fingerprint = avro_fingerprint(known->type);
    return known;
}

/* To the front, where the next record's schema is looked for first. */
static struct known *use(struct avro_format *format, struct known **at)
{
    struct known *known = *at;

    *at = known->next;
    add_known(format, known);
    return known;
}

static enum decode_result by_id(struct avro_format *format, int32_t id, struct known **out,
                                struct failure *failure)
{
    const struct registry_schema *schema = NULL;
    enum decode_result result;

    for (struct known **at = &format->known; *at != NULL; at = &(*at)->next) {
        if ((*at)->id == id) {
            *out = use(format, at);
            return DECODE_ROWS;
        }
    }
    result = registry_by_id(format->registry, id, &schema, failure);
    if (result == DECODE_ROWS) {
        *out = parse_registered(schema, id);
        add_known(format, *out);
    }
    return result;
}

static struct known *find_fingerprint(struct avro_format *format, uint64_t fingerprint)
{
    for (struct known **at = &format->known; *at != NULL; at = &(*at)->next) {
        if ((*at)->type != NULL && (*at)->fingerprint == fingerprint)
            return use(format, at);
    }
    return NULL;
}

/* Registries find schemas by number only: all versions of the topic's subject are read. */
static enum decode_result read_subject(struct avro_format *format, const char *topic,
                                       struct failure *failure)
{
    struct textbuf subject = {0};
    int *versions = NULL;
    size_t count = 0;
    enum decode_result result;

    textbuf_printf(&subject, "%s-value", topic);
    result = registry_versions(format->registry, subject.text, &versions, &count, failure);
    for (size_t i = 0; i < count && result == DECODE_ROWS; i++) {
        const struct registry_schema *schema = NULL;
        bool have = false;
        result = registry_by_version(format->registry, subject.text, versions[i], &schema, failure);
        for (const struct known *k = format->known; k != NULL && result == DECODE_ROWS; k = k->next)
            have = have || (k->id >= 0 && k->id == schema->id);
        if (result == DECODE_ROWS && !have)
            add_known(format, parse_registered(schema, schema->id));
    }
    free(versions);
    textbuf_done(&subject);
    return result;
}

static enum decode_result by_fingerprint(struct avro_format *format, const char *topic,
                                         uint64_t fingerprint, struct known **out,
                                         struct failure *failure)
{
    time_t now = time(NULL);
    enum decode_result result = DECODE_ROWS;

    *out = find_fingerprint(format, fingerprint);
    if (*out == NULL && format->registry != NULL &&
        (now < format->asked || now - format->asked >= ASK_AGAIN_S)) {
        result = read_subject(format, topic, failure);
        if (result == DECODE_ROWS || result == DECODE_BAD)
            format->asked = now;
        *out = find_fingerprint(format, fingerprint);
    }
    if (*out != NULL)
        return DECODE_ROWS;
    if (result != DECODE_ROWS && result != DECODE_BAD)
        return result;
    return failure_bad(failure, "registry", "AVRO_UNKNOWN_FINGERPRINT",
                       "no schema has the fingerprint %016" PRIx64, fingerprint);
}

static enum decode_result find_schema(struct avro_format *format, const char *topic,
                                      struct span *data, struct known **out,
                                      struct failure *failure)
{
    enum decode_result result = DECODE_ROWS;
    int32_t id;

    if (framing_is_single_object(*data)) {
        struct span rest = *data;
        uint64_t fingerprint = framing_take_fingerprint(&rest);
        result = by_fingerprint(format, topic, fingerprint, out, failure);
        if (result == DECODE_ROWS || format->registry != NULL) {
            *data = rest;
            return result;
        }
        /* Plain data may begin with any bytes. */
    }
    if (format->registry == NULL) {
        for (*out = format->known; (*out)->id >= 0;)
            *out = (*out)->next;
        return DECODE_ROWS;
    }
    result = framing_take_id(data, &id, failure);
    return result == DECODE_ROWS ? by_id(format, id, out, failure) : result;
}

/* The columns of a type, once. */
static void tell(struct avro_format *format, struct known *known, struct avro_type *type,
                 const char **out_schema)
{
    for (size_t i = 0; i < known->n_told; i++) {
        if (known->told[i] == type)
            return;
    }
    if (known->n_told == MAX_TOLD)
        return;
    known->told[known->n_told++] = type;
    textbuf_clear(&format->schema.text);
    format->schema.n_fields = 0;
    format->schema.depth = 0;
    avro_delta_schema(type, &format->schema);
    *out_schema = format->schema.text.text;
}

enum decode_result avro_format_decode(struct avro_format *format, const char *topic,
                                      struct span data, size_t max_bytes, struct row_list *rows,
                                      const char **out_schema, struct failure *failure)
{
    size_t start = rows->text.len;
    struct avro_type *type = NULL;
    struct known *known = NULL;
    enum decode_result result = find_schema(format, topic, &data, &known, failure);

    if (result != DECODE_ROWS)
        return result;
    if (known->type == NULL)
        return failure_bad(failure, "registry", "AVRO_SCHEMA", "schema %ld: %s", (long)known->id,
                           known->problem.text);
    result = avro_to_json(known->type, data, max_bytes, &rows->text, &type, failure);
    if (result != DECODE_ROWS)
        return result;
    row_list_made(rows, start);
    tell(format, known, type, out_schema);
    return DECODE_ROWS;
}
