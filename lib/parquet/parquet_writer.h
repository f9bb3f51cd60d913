/* SPDX-License-Identifier: Apache-2.0 */
/* Parquet writer: takes struct vectors, encodes column by column as rows arrive, and hands finished
 * bytes to a sink in order. Memory is one row group of encoded bytes plus one open page a column.
 * Nested types (struct, list in 3 levels, map) by definition and repetition levels.
 * Spec: apache/parquet-format README.md, LogicalTypes.md, Encodings.md, PageIndex.md. */
#ifndef DWI_PARQUET_PARQUET_WRITER_H
#define DWI_PARQUET_PARQUET_WRITER_H

#include "codec/codec.h"
#include "columns/vec.h"
#include "parquet/write_options.h"

typedef struct dwi_parquet_writer dwi_parquet_writer;

/* Where finished bytes go, in order. */
typedef struct dwi_parquet_sink {
    void *ctx;
    dw_status (*write)(void *ctx, const void *data, size_t len, dw_error *err);
} dwi_parquet_sink;

/* `type` is a struct and must outlive the writer; nullable fields become OPTIONAL, field_id is
 * written where >= 0; void fields (top level) are left out. `opts` is borrowed for the call.
 * DW_E_UNSUPPORTED names a column whose type has no Parquet form here, or a codec that is not built
 * in; DW_E_ARG an option that does not fit, or a column that is not there. */
dw_status dwi_parquet_writer_new(const dw_allocator *alloc, const dwi_type *type,
                                 const dwi_parquet_write_options *opts, dwi_parquet_sink sink,
                                 dwi_parquet_writer **out, dw_error *err);
void dwi_parquet_writer_free(dwi_parquet_writer *writer); /* NULL too; unfinished bytes are lost */

/* Append the rows of a struct vector of the writer's type (its nullability is asserted by callers).
 * May write row groups to the sink. After an error the writer can only be freed. */
dw_status dwi_parquet_writer_append(dwi_parquet_writer *writer, const dwi_vec *rows, dw_error *err);
/* Close the open row group, write indexes and footer. Then only statistics and free are allowed. */
dw_status dwi_parquet_writer_finish(dwi_parquet_writer *writer, dw_error *err);

int64_t dwi_parquet_writer_rows(const dwi_parquet_writer *writer);
/* Bytes given to the sink so far, and bytes held in memory (encoded and open pages). */
int64_t dwi_parquet_writer_file_bytes(const dwi_parquet_writer *writer);
int64_t dwi_parquet_writer_buffered_bytes(const dwi_parquet_writer *writer);

/* Statistics of one leaf over the whole file, for Delta's add.stats. Leaves are in schema order;
 * those below a list or map are `repeated`. min and max have the leaf's in-memory form: fixed width
 * types their dwi_type_width() bytes (boolean: one byte), string and binary the first bytes of the
 * value, at most DWI_PARQUET_STAT_BYTES, cut at a character for strings, with *_cut set. */
enum { DWI_PARQUET_STAT_BYTES = 512 };

typedef struct dwi_leaf_stats {
    const dwi_type *type;
    bool repeated;
    int64_t null_count; /* a null in a parent struct counts */
    int64_t nan_count;  /* float and double */
    bool has_bounds;    /* false: all null, all NaN, or a type without order */
    bool min_cut;
    bool max_cut;
    dw_bytes min; /* of floats: NaN left out; -0.0 before 0.0 */
    dw_bytes max;
} dwi_leaf_stats;

size_t dwi_parquet_writer_leaves(const dwi_parquet_writer *writer);
/* Bounds live until the writer's next call. */
void dwi_parquet_writer_leaf_stats(const dwi_parquet_writer *writer, size_t leaf,
                                   dwi_leaf_stats *out);

#endif
