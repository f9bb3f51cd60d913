/* SPDX-License-Identifier: Apache-2.0 */
/* A file's schema as a tree of structs, lists, maps and leaves, with the levels that tell them
 * apart. Spec: apache/parquet-format LogicalTypes.md, "Nested Types", with its rules for lists and
 * maps of older writers.
 *
 * A "slot" is one place for a value of a node: a row, or an element of the nearest list above. */
#ifndef DWI_PARQUET_SCHEMA_TREE_H
#define DWI_PARQUET_SCHEMA_TREE_H

#include "parquet/footer_reader.h"
#include "schema/type.h"

/* Deepest schema; each step adds two levels at most, so that a level fits a byte. */
enum { DWI_PARQUET_MAX_DEPTH = 64 };

/* What the values of a leaf are, by physical and logical type. */
typedef enum dwi_leaf_source {
    DWI_LEAF_NONE, /* no type of ours: a decimal of more than 38 digits */
    DWI_LEAF_NULL, /* annotated UNKNOWN: all null */
    DWI_LEAF_BOOLEAN,
    DWI_LEAF_INT8, /* this and the next four in INT32 */
    DWI_LEAF_INT16,
    DWI_LEAF_INT32,
    DWI_LEAF_UINT8,
    DWI_LEAF_UINT16,
    DWI_LEAF_UINT32,
    DWI_LEAF_INT64,
    DWI_LEAF_UINT64,
    DWI_LEAF_FLOAT,
    DWI_LEAF_DOUBLE,
    DWI_LEAF_FLOAT16,
    DWI_LEAF_DATE,
    DWI_LEAF_MILLIS,
    DWI_LEAF_MICROS,
    DWI_LEAF_NANOS,
    DWI_LEAF_TIME_MILLIS, /* in INT32 */
    DWI_LEAF_TIME_MICROS, /* this and the next in INT64 */
    DWI_LEAF_TIME_NANOS,
    DWI_LEAF_INT96,
    DWI_LEAF_DECIMAL32,
    DWI_LEAF_DECIMAL64,
    DWI_LEAF_DECIMAL_BYTES, /* big-endian, BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY */
    DWI_LEAF_STRING,
    DWI_LEAF_JSON,
    DWI_LEAF_BINARY, /* BYTE_ARRAY */
    DWI_LEAF_UUID,   /* this and the next in FIXED_LEN_BYTE_ARRAY */
    DWI_LEAF_FIXED
} dwi_leaf_source;

typedef struct dwi_parquet_node dwi_parquet_node;
struct dwi_parquet_node {
    const dwi_parquet_node *parent;
    dwi_sv name;
    const dwi_type *type; /* struct, array, map, or a leaf's; void where source is NONE */
    bool nullable;
    int32_t field_id;
    uint8_t slot_def;  /* definition level from which on a slot exists */
    uint8_t def;       /* and from which on its value is not null */
    uint8_t rep;       /* a level with a greater repetition level starts no slot */
    uint8_t elem_def;  /* array and map: from which on an element exists */
    size_t n_children; /* struct: fields; array: element; map: key and value */
    dwi_parquet_node *children;
    size_t first_leaf; /* leaves below, in file order */
    size_t n_leaves;
    /* Leaves only. */
    dwi_leaf_source source;
    int physical;
    int32_t type_length;
    bool ordered;           /* the format defines an order of its values */
    const char *annotation; /* for messages when source is NONE */
};

typedef struct dwi_schema_tree {
    dwi_parquet_node root;
    size_t n_leaves;
    dwi_parquet_node **leaves;
} dwi_schema_tree;

/* DW_E_CORRUPT, DW_E_UNSUPPORTED (deeper than DWI_PARQUET_MAX_DEPTH), DW_E_NOMEM; messages start
 * with "schema". Everything in `out` is the arena's and refers to the footer's names. */
dw_status dwi_schema_tree_build(dwi_arena *arena, const dwi_footer *footer, dwi_schema_tree *out,
                                dw_error *err);

/* The node of a dotted path of struct fields (names may have dots too), NULL when there is none. */
const dwi_parquet_node *dwi_schema_tree_find(const dwi_parquet_node *node, dwi_sv path);

/* Dotted path of a node for messages, cut at the front when it is longer than `size`. */
const char *dwi_parquet_node_path(const dwi_parquet_node *node, char *out, size_t size);

#endif
