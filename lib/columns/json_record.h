/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object into one row of a struct column, any depth. Each column type has a node with what
 * decoding it needs; a struct's node has the names of its fields.
 *
 * A value that does not fit its column is noted and passed over, because a later one of the same
 * name would count instead; at the end of the object the first bad one, in column order, is decoded
 * again to say what is wrong with it. Functions that return anything but DWI_FIT_OK leave their
 * column as it was. */
#ifndef DWI_COLUMNS_JSON_RECORD_H
#define DWI_COLUMNS_JSON_RECORD_H

#include "columns/json_keys.h"
#include "columns/json_value.h"

typedef struct dwi_json_node dwi_json_node;
struct dwi_json_node {
    const dwi_type *type; /* borrowed */
    bool nullable;
    dwi_epoch_unit epoch;
    dwi_keys keys; /* struct */
    size_t n_children;
    dwi_json_node *children; /* as type->fields */
    uint64_t objects;        /* struct: how many were begun */
    /* As a field of a struct: */
    uint64_t seen;         /* the parent's count when it was met last */
    const uint8_t *bad;    /* where its value is that does not fit, NULL: it does */
    const dwi_vec *absent; /* its only row stands in for a value that did not come; NULL: null */
    const char *must_come; /* why it has to come, NULL: it has not */
};

dw_status dwi_json_node_init(dwi_json_node *node, const dwi_type *type, bool nullable,
                             const dw_allocator *alloc, dw_error *err);
void dwi_json_node_done(dwi_json_node *node, const dw_allocator *alloc); /* a zeroed one too */

/* A field of the record that no column has. Of equal names, in any case, the last value counts. */
typedef struct dwi_json_unknown {
    size_t name_at; /* in reader.names */
    size_t name_len;
    const uint8_t *value;
} dwi_json_unknown;

enum { DWI_JSON_MAX_PATH = 101 };

typedef struct dwi_json_reader {
    const dw_allocator *alloc;
    dwi_scan scan;
    dwi_buf scratch; /* unescaped text of the value at hand */
    dwi_value_memo memo;
    bool collect_unknown; /* of the outermost object */
    dwi_buf names;
    dwi_buf unknown; /* of dwi_json_unknown */
    /* The first bad value, once it is explained: memo.reason and these. */
    bool explain;
    size_t n_path;
    dwi_sv path[DWI_JSON_MAX_PATH]; /* innermost first */
    dwi_sv bad_text;                /* its bytes in the record, len 0: it is missing */
    const dwi_type *bad_type;
    bool must_come; /* what is wrong is that a value did not come */
} dwi_json_reader;

void dwi_json_reader_init(dwi_json_reader *reader, const dw_allocator *alloc);
void dwi_json_reader_done(dwi_json_reader *reader);

/* One record; `rows` is the node's struct column. */
dwi_fit dwi_json_read_record(dwi_json_reader *reader, dwi_json_node *node, dwi_column *rows);
/* After DWI_FIT_BAD of a record: fills what the reader knows of the bad value. */
void dwi_json_explain(dwi_json_reader *reader, dwi_json_node *node, dwi_column *rows);
/* The value at scan.at, inside `depth` containers, into a column of any type. */
dwi_fit dwi_json_read_value(dwi_json_reader *reader, dwi_json_node *node, dwi_column *column,
                            int depth);
/* Type by first sight of the (valid) value at `p`: string, long, double, boolean; void for null. */
dwi_type_kind dwi_json_kind_at(const uint8_t *p, const uint8_t *end);

#endif
