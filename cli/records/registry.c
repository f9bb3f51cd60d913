/* SPDX-License-Identifier: Apache-2.0 */
#include "records/registry.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/memory.h"
#include "ops/metrics.h"
#include "records/json_tree.h"
#include "records/registry_http.h"

enum {
    FIRST_WAIT_MS = 500,
    LONGEST_WAIT_MS = 60000,
    MAX_REFERENCES = 1000,
    MAX_DEPTH = 30,
    N_BUCKETS = 256,
    MAX_ENTRIES = 10000
};

/* One path that was asked for. Entries stay until the registry goes. */
struct entry {
    struct entry *next;
    char *path;
    bool busy;                 /* one thread asks */
    int users;                 /* threads that look at it */
    enum decode_result result; /* of the last time; ROWS: `schema` is there */
    struct failure failure;
    struct registry_schema *schema;
    int64_t again_ms; /* not before */
    int64_t wait_ms;
};

struct registry {
    const struct registry_config *config;
    struct registry_http *http; /* NULL: `problem` */
    struct textbuf problem;
    struct {
        pthread_mutex_t lock;
        pthread_cond_t done;
        int references;
        int64_t requests, failures;
        size_t n_entries;
        struct entry *buckets[N_BUCKETS];
    } synced;
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct registry *registry_new(const struct registry_config *config)
{
    struct registry *registry;
    pthread_condattr_t attr;

    if (config->url == NULL)
        return NULL;
    registry = need_alloc(1, sizeof(*registry));
    registry->config = config;
    registry->http = registry_http_new(config, &registry->problem);
    (void)pthread_mutex_init(&registry->synced.lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&registry->synced.done, &attr);
    (void)pthread_condattr_destroy(&attr);
    registry->synced.references = 1;
    return registry;
}

struct registry *registry_ref(struct registry *registry)
{
    if (registry == NULL)
        return NULL;
    (void)pthread_mutex_lock(&registry->synced.lock);
    registry->synced.references++;
    (void)pthread_mutex_unlock(&registry->synced.lock);
    return registry;
}

const char *registry_problem(const struct registry *registry)
{
    return registry->http == NULL ? registry->problem.text : NULL;
}

static void schema_free(struct registry_schema *schema)
{
    if (schema == NULL)
        return;
    for (size_t i = 0; i < schema->n_references; i++)
        free(schema->references[i].name);
    free(schema->references);
    free(schema->type);
    free(schema->text);
    free(schema);
}

static void entry_free(struct entry *entry)
{
    schema_free(entry->schema);
    textbuf_done(&entry->failure.text);
    free(entry->path);
    free(entry);
}

void registry_unref(struct registry *registry)
{
    int left;

    if (registry == NULL)
        return;
    (void)pthread_mutex_lock(&registry->synced.lock);
    left = --registry->synced.references;
    (void)pthread_mutex_unlock(&registry->synced.lock);
    if (left > 0)
        return;
    for (size_t i = 0; i < N_BUCKETS; i++) {
        while (registry->synced.buckets[i] != NULL) {
            struct entry *entry = registry->synced.buckets[i];
            registry->synced.buckets[i] = entry->next;
            entry_free(entry);
        }
    }
    registry_http_free(registry->http);
    textbuf_done(&registry->problem);
    (void)pthread_cond_destroy(&registry->synced.done);
    (void)pthread_mutex_destroy(&registry->synced.lock);
    free(registry);
}

void registry_count(struct registry *registry, int64_t *out_requests, int64_t *out_failures)
{
    (void)pthread_mutex_lock(&registry->synced.lock);
    *out_requests = registry->synced.requests;
    *out_failures = registry->synced.failures;
    (void)pthread_mutex_unlock(&registry->synced.lock);
}

/* What the body of an error says of it: {"error_code": 40403, "message": "Schema not found"}. */
static void error_message(const struct textbuf *body, struct textbuf *out)
{
    struct scratch scratch = {0};
    struct json_error error;
    struct json *root =
        json_parse(&scratch, (struct span){body->text, body->text == NULL ? 0 : body->len}, &error);
    const struct json *message = json_member(root, span_of("message"));

    if (message != NULL && message->kind == JSON_STRING) {
        struct span chars = json_chars(&scratch, message);
        textbuf_printf(out, ": %.*s", chars.len > 200 ? 200 : (int)chars.len, chars.ptr);
    }
    scratch_done(&scratch);
}

/* A body that is an answer, or why there is none. */
static enum decode_result request(struct registry *registry, const char *path, struct textbuf *body,
                                  struct failure *failure)
{
    struct textbuf message = {0};
    enum decode_result result = DECODE_ROWS;
    enum http_outcome outcome;
    long status = 0;

    if (registry->http == NULL)
        return failure_other(failure, DECODE_FATAL, "schema registry: %s", registry->problem.text);
    outcome = registry_http_get(registry->http, path, &status, body);
    if (outcome == HTTP_ANSWERED && status >= 400)
        error_message(body, &message);
    textbuf_puts(&message, "");
    if (outcome != HTTP_ANSWERED)
        result = failure_other(failure, outcome == HTTP_UNUSABLE ? DECODE_FATAL : DECODE_TRY_LATER,
                               "schema registry: %s", body->text);
    else if (status == 401 || status == 403)
        result = failure_other(failure, DECODE_FATAL,
                               "schema registry: %s: the credentials were refused (HTTP %ld%s)",
                               path, status, message.text);
    else if (status == 404)
        result = failure_bad(failure, "registry", "REGISTRY_UNKNOWN_SCHEMA",
                             "schema registry: %s: not there (HTTP 404%s)", path, message.text);
    else if (status != 200)
        result = failure_bad(failure, "registry", "REGISTRY_REFUSED",
                             "schema registry: %s: HTTP %ld%s", path, status, message.text);
    textbuf_done(&message);
    metric_add(
        metric_series(METRIC_REGISTRY_REQUESTS, METRIC_LABELS(outcome != HTTP_ANSWERED ? "failed"
                                                              : status == 200          ? "ok"
                                                              : status == 404          ? "not_found"
                                                                              : "refused")),
        1);
    (void)pthread_mutex_lock(&registry->synced.lock);
    registry->synced.requests++;
    registry->synced.failures += result != DECODE_ROWS;
    (void)pthread_mutex_unlock(&registry->synced.lock);
    return result;
}

bool registry_check(struct registry *registry, struct textbuf *out_problem)
{
    struct failure failure = {0};
    struct textbuf body = {0};
    enum decode_result result = request(registry, "/subjects", &body, &failure);

    if (result != DECODE_ROWS)
        textbuf_add(out_problem, failure.text.text, failure.text.len);
    textbuf_done(&failure.text);
    textbuf_done(&body);
    return result == DECODE_ROWS;
}

static char *text_of(struct scratch *scratch, const struct json *value)
{
    struct span chars = json_chars(scratch, value);
    char *copy = need_alloc(chars.len + 1, 1);

    memcpy(copy, chars.ptr, chars.len);
    return copy;
}

/* Paths that this thread is in the middle of: a reference back to one of them would wait for
 * itself. */
struct chain {
    const struct chain *outer;
    const char *path;
    int depth;
};

static enum decode_result get(struct registry *registry, const char *path,
                              const struct chain *outer, const struct registry_schema **out,
                              struct failure *failure);

static void subject_path(struct textbuf *out, const char *subject)
{
    textbuf_puts(out, "/subjects/");
    for (const char *p = subject; *p != '\0'; p++) {
        if (isalnum((unsigned char)*p) || strchr("-_.~", *p) != NULL)
            textbuf_add(out, p, 1);
        else
            textbuf_printf(out, "%%%02X", (unsigned char)*p);
    }
    textbuf_puts(out, "/versions");
}

static enum decode_result get_reference(struct registry *registry, struct scratch *scratch,
                                        const struct json *json, const struct chain *chain,
                                        struct registry_reference *out, struct failure *failure)
{
    const struct json *name = json_member(json, span_of("name"));
    const struct json *subject = json_member(json, span_of("subject"));
    const struct json *version = json_member(json, span_of("version"));
    struct textbuf path = {0};
    enum decode_result result;
    char *subject_text;

    if (name == NULL || subject == NULL || version == NULL || name->kind != JSON_STRING ||
        subject->kind != JSON_STRING || version->kind != JSON_NUMBER)
        return failure_bad(failure, "registry", "REGISTRY_ANSWER",
                           "schema registry: %s: a reference without name, subject and version",
                           chain->path);
    subject_text = text_of(scratch, subject);
    subject_path(&path, subject_text);
    textbuf_printf(&path, "/%.*s", (int)version->text.len, version->text.ptr);
    result = get(registry, path.text, chain, &out->schema, failure);
    if (result == DECODE_ROWS)
        out->name = text_of(scratch, name);
    free(subject_text);
    textbuf_done(&path);
    return result;
}

static enum decode_result get_references(struct registry *registry, struct scratch *scratch,
                                         const struct json *list, const struct chain *chain,
                                         struct registry_schema *schema, struct failure *failure)
{
    size_t count = 0;

    if (list == NULL || list->kind != JSON_ARRAY)
        return DECODE_ROWS;
    for (const struct json *item = list->first; item != NULL; item = item->next)
        count++;
    if (count > MAX_REFERENCES || chain->depth >= MAX_DEPTH)
        return failure_bad(failure, "registry", "REGISTRY_ANSWER",
                           "schema registry: %s: too many references", chain->path);
    schema->references = need_alloc(count, sizeof(*schema->references));
    for (const struct json *item = list->first; item != NULL; item = item->next) {
        enum decode_result result = get_reference(
            registry, scratch, item, chain, &schema->references[schema->n_references], failure);
        if (result != DECODE_ROWS)
            return result;
        schema->n_references++;
    }
    return DECODE_ROWS;
}

/* An answer: {"schema": "...", "schemaType": "PROTOBUF", "references": [...]}. */
static enum decode_result read_schema(struct registry *registry, const struct textbuf *body,
                                      const struct chain *chain, struct registry_schema **out,
                                      struct failure *failure)
{
    struct scratch scratch = {0};
    struct json_error error;
    struct json *root =
        json_parse(&scratch, (struct span){body->text, body->text == NULL ? 0 : body->len}, &error);
    const struct json *text = json_member(root, span_of("schema"));
    const struct json *type = json_member(root, span_of("schemaType"));
    const struct json *id = json_member(root, span_of("id"));
    struct registry_schema *schema = need_alloc(1, sizeof(*schema));
    enum decode_result result;

    if (text == NULL || text->kind != JSON_STRING) {
        result = failure_other(failure, DECODE_TRY_LATER,
                               "schema registry: %s: the answer has no schema", chain->path);
    } else {
        schema->text = text_of(&scratch, text);
        schema->type = type != NULL && type->kind == JSON_STRING ? text_of(&scratch, type)
                                                                 : need_strdup("AVRO");
        schema->id = id != NULL && id->kind == JSON_NUMBER ? (int32_t)atol(id->text.ptr) : -1;
        result = get_references(registry, &scratch, json_member(root, span_of("references")), chain,
                                schema, failure);
    }
    scratch_done(&scratch);
    if (result == DECODE_ROWS)
        *out = schema;
    else
        schema_free(schema);
    return result;
}

/* Records may name any number of ids that do not exist: those are forgotten, when they are many. */
static void forget_failures_locked(struct registry *registry)
{
    for (size_t i = 0; i < N_BUCKETS; i++) {
        struct entry **at = &registry->synced.buckets[i];
        while (*at != NULL) {
            struct entry *entry = *at;
            if (entry->users != 0 || entry->result == DECODE_ROWS) {
                at = &entry->next;
                continue;
            }
            *at = entry->next;
            entry_free(entry);
            registry->synced.n_entries--;
        }
    }
}

static struct entry *find_locked(struct registry *registry, const char *path)
{
    size_t hash = 5381;
    struct entry *entry;

    for (const char *p = path; *p != '\0'; p++)
        hash = hash * 33 ^ (unsigned char)*p;
    for (entry = registry->synced.buckets[hash % N_BUCKETS]; entry != NULL; entry = entry->next) {
        if (strcmp(entry->path, path) == 0)
            return entry;
    }
    if (registry->synced.n_entries >= MAX_ENTRIES)
        forget_failures_locked(registry);
    registry->synced.n_entries++;
    entry = need_alloc(1, sizeof(*entry));
    entry->path = need_strdup(path);
    entry->result = DECODE_TRY_LATER;
    entry->next = registry->synced.buckets[hash % N_BUCKETS];
    registry->synced.buckets[hash % N_BUCKETS] = entry;
    return entry;
}

/* Waits while another thread asks; false: it took too long. */
static bool wait_locked(struct registry *registry, const struct entry *entry)
{
    int64_t limit_ms =
        2 * (registry->config->timeout_ms > 0 ? registry->config->timeout_ms : 10000);
    struct timespec limit;

    (void)clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += (time_t)(limit_ms / 1000 + 1);
    while (entry->busy) {
        if (pthread_cond_timedwait(&registry->synced.done, &registry->synced.lock, &limit) != 0)
            return !entry->busy;
    }
    return true;
}

static enum decode_result copy_failure(const struct entry *entry, struct failure *failure)
{
    const char *text = entry->failure.text.text == NULL ? "" : entry->failure.text.text;

    if (entry->result == DECODE_BAD)
        return failure_bad(failure, entry->failure.stage, entry->failure.code, "%s", text);
    return failure_other(failure, entry->result, "%s", text);
}

static void ask(struct registry *registry, struct entry *entry, const struct chain *chain)
{
    struct registry_schema *schema = NULL;
    struct failure failure = {0};
    struct textbuf body = {0};
    enum decode_result result = request(registry, entry->path, &body, &failure);

    if (result == DECODE_ROWS)
        result = read_schema(registry, &body, chain, &schema, &failure);
    textbuf_done(&body);
    (void)pthread_mutex_lock(&registry->synced.lock);
    entry->busy = false;
    entry->result = result;
    textbuf_done(&entry->failure.text);
    entry->failure = failure;
    entry->schema = schema;
    entry->wait_ms = entry->wait_ms == 0 ? FIRST_WAIT_MS : entry->wait_ms * 2;
    if (entry->wait_ms > LONGEST_WAIT_MS)
        entry->wait_ms = LONGEST_WAIT_MS;
    entry->again_ms = now_ms() + entry->wait_ms;
    (void)pthread_cond_broadcast(&registry->synced.done);
    (void)pthread_mutex_unlock(&registry->synced.lock);
}

static enum decode_result get(struct registry *registry, const char *path,
                              const struct chain *outer, const struct registry_schema **out,
                              struct failure *failure)
{
    struct chain chain = {outer, path, outer == NULL ? 0 : outer->depth + 1};
    enum decode_result result;
    struct entry *entry;
    bool mine;

    for (const struct chain *c = outer; c != NULL; c = c->outer) {
        if (strcmp(c->path, path) == 0)
            return failure_bad(failure, "registry", "REGISTRY_ANSWER",
                               "schema registry: %s: references itself", path);
    }
    (void)pthread_mutex_lock(&registry->synced.lock);
    entry = find_locked(registry, path);
    entry->users++;
    if (!wait_locked(registry, entry)) {
        entry->users--;
        (void)pthread_mutex_unlock(&registry->synced.lock);
        return failure_other(failure, DECODE_TRY_LATER, "schema registry: %s: no answer yet", path);
    }
    mine = entry->result != DECODE_ROWS && now_ms() >= entry->again_ms;
    entry->busy = mine;
    if (mine) {
        (void)pthread_mutex_unlock(&registry->synced.lock);
        ask(registry, entry, &chain);
        (void)pthread_mutex_lock(&registry->synced.lock);
    }
    result = entry->result;
    if (result == DECODE_ROWS)
        *out = entry->schema;
    else
        (void)copy_failure(entry, failure);
    entry->users--;
    (void)pthread_mutex_unlock(&registry->synced.lock);
    return result;
}

enum decode_result registry_by_id(struct registry *registry, int32_t id,
                                  const struct registry_schema **out, struct failure *failure)
{
    char path[48];

    (void)snprintf(path, sizeof(path), "/schemas/ids/%ld", (long)id);
    return get(registry, path, NULL, out, failure);
}

enum decode_result registry_by_version(struct registry *registry, const char *subject, int version,
                                       const struct registry_schema **out, struct failure *failure)
{
    struct textbuf path = {0};
    enum decode_result result;

    subject_path(&path, subject);
    textbuf_printf(&path, "/%d", version);
    result = get(registry, path.text, NULL, out, failure);
    textbuf_done(&path);
    return result;
}

static void read_versions(const struct textbuf *body, int **out_versions, size_t *out_count)
{
    struct scratch scratch = {0};
    struct json_error error;
    struct json *root = json_parse(&scratch, (struct span){body->text, body->len}, &error);
    size_t count = 0;

    *out_versions = NULL;
    for (struct json *v = root == NULL ? NULL : root->first; v != NULL; v = v->next) {
        if (v->kind != JSON_NUMBER)
            continue;
        *out_versions = need_realloc(*out_versions, count + 1, sizeof(**out_versions));
        (*out_versions)[count++] = (int)atol(v->text.ptr);
    }
    *out_count = count;
    scratch_done(&scratch);
}

enum decode_result registry_versions(struct registry *registry, const char *subject,
                                     int **out_versions, size_t *out_count, struct failure *failure)
{
    struct textbuf path = {0};
    struct textbuf body = {0};
    enum decode_result result;

    subject_path(&path, subject);
    result = request(registry, path.text, &body, failure);
    if (result == DECODE_ROWS)
        read_versions(&body, out_versions, out_count);
    textbuf_done(&path);
    textbuf_done(&body);
    return result;
}
