/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads without a schema that are not JSON: CSV by RFC 4180, and bytes as they are. */
#ifndef DW_CLI_TEXT_FORMATS_H
#define DW_CLI_TEXT_FORMATS_H

#include "common/csv.h"
#include "records/failure.h"
#include "records/name_set.h"
#include "records/row_list.h"

struct csv_format {
    const struct record_config *config;
    struct csv csv;
    char **names; /* of the header */
    size_t n_names;
    struct scratch scratch;
    struct scratch table;
    struct name_set nested; /* columns whose fields are JSON */
};

bool csv_format_init(struct csv_format *format, const struct record_config *config,
                     struct textbuf *out_problem);
void csv_format_done(struct csv_format *format);
void csv_format_set_table(struct csv_format *format, const char *schema_json);
enum decode_result csv_format_decode(struct csv_format *format, struct span data, size_t max_bytes,
                                     struct row_list *rows, struct failure *failure);

/* A row of key and value; *out_schema: its columns. */
enum decode_result raw_decode(const struct record_config *config, const struct record *record,
                              struct span data, struct row_list *rows, const char **out_schema,
                              struct failure *failure);

#endif
