/* SPDX-License-Identifier: Apache-2.0 */
/* The schemas of a registry with Confluent's API (also Karapace, Apicurio's and Redpanda's). What
 * was found is kept for ever, since an id never changes its meaning; what was not is asked for
 * again after a while that doubles. Of several threads that want the same schema one asks. */
#ifndef DW_CLI_REGISTRY_H
#define DW_CLI_REGISTRY_H

#include "records/failure.h"

struct registry_schema;

struct registry_reference {
    char *name; /* as the schema calls it */
    const struct registry_schema *schema;
};

/* Lives as long as the registry. */
struct registry_schema {
    int32_t id;
    char *type; /* "AVRO", "PROTOBUF", "JSON" */
    char *text;
    struct registry_reference *references;
    size_t n_references;
};

/* What is wrong with its addresses; NULL: nothing. */
const char *registry_problem(const struct registry *registry);
enum decode_result registry_by_id(struct registry *registry, int32_t id,
                                  const struct registry_schema **out, struct failure *failure);
enum decode_result registry_by_version(struct registry *registry, const char *subject, int version,
                                       const struct registry_schema **out, struct failure *failure);
/* The versions that a subject has now; the caller frees. */
enum decode_result registry_versions(struct registry *registry, const char *subject,
                                     int **out_versions, size_t *out_count,
                                     struct failure *failure);

#endif
