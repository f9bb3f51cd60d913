/* SPDX-License-Identifier: Apache-2.0 */
/* Parquet files without a table: Arrow batches in, Arrow streams out. docs/arrow.md says which
 * Arrow type becomes which Parquet type. */
#ifndef DELTAWRITE_PARQUET_H
#define DELTAWRITE_PARQUET_H

#include <deltawrite/arrow_c_data.h>
#include <deltawrite/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dw_parquet_writer dw_parquet_writer; /* one thread at a time */
typedef struct dw_parquet_reader dw_parquet_reader; /* one thread at a time, its streams included */

/* Compression. gzip, LZ4_RAW and brotli are there when the library was built with them. */
#define DW_PARQUET_CODEC_DEFAULT 0 /* of a file zstd, of a column its file's */
#define DW_PARQUET_CODEC_NONE    1
#define DW_PARQUET_CODEC_SNAPPY  2
#define DW_PARQUET_CODEC_ZSTD    3
#define DW_PARQUET_CODEC_GZIP    4
#define DW_PARQUET_CODEC_LZ4_RAW 5
#define DW_PARQUET_CODEC_BROTLI  6

/* How values are encoded that are in no dictionary; the numbers are the format's. */
#define DW_PARQUET_ENCODING_DEFAULT                 0
#define DW_PARQUET_ENCODING_PLAIN                   1
#define DW_PARQUET_ENCODING_RLE                     3 /* booleans */
#define DW_PARQUET_ENCODING_DELTA_BINARY_PACKED     5 /* integers of 32 and 64 bits */
#define DW_PARQUET_ENCODING_DELTA_LENGTH_BYTE_ARRAY 6 /* strings, binary */
#define DW_PARQUET_ENCODING_DELTA_BYTE_ARRAY        7 /* strings, binary, fixed bytes */
#define DW_PARQUET_ENCODING_BYTE_STREAM_SPLIT       9 /* all of fixed width but booleans */

#define DW_PARQUET_AS_FILE 0 /* as the file's options say */
#define DW_PARQUET_OFF     1
#define DW_PARQUET_ON      2

/** For one leaf column, or all below a group: zero fields leave the file's choice. Later entries
 * go over earlier ones. */
typedef struct dw_parquet_column_options {
    uint32_t struct_size; /* set by DW_PARQUET_COLUMN_OPTIONS_INIT, the same in all of an array */
    int32_t encoding;     /* DW_PARQUET_ENCODING_*; one that is set turns the dictionary off, */
    int32_t dictionary;   /* unless this is DW_PARQUET_ON: then it is for what falls out */
    int32_t codec;        /* DW_PARQUET_CODEC_* */
    int32_t level;        /* of the codec set here; 0: its default */
    int32_t statistics;   /* min, max and counts in footer and page index; else ON */
    int32_t bloom_filter; /* else OFF */
    const char *path;     /* the file's path with dots: "a", "point.x", "tags.list.element" */
    int64_t dictionary_bytes; /* a larger dictionary falls back to the encoding */
    int64_t bloom_ndv;        /* distinct values in a row group; 0: found out from the values */
    double bloom_fpp;         /* 0: 0.01; rate of false positives */
    /* Append below this line only. Zero must mean "the default". */
} dw_parquet_column_options;
#define DW_PARQUET_COLUMN_OPTIONS_INIT                                                             \
    {                                                                                              \
        sizeof(dw_parquet_column_options), 0, 0, 0, 0, 0, 0, NULL, 0, 0, 0                         \
    }

#define DW_PARQUET_DESCENDING  1u
#define DW_PARQUET_NULLS_FIRST 2u

/** Declares how the rows are sorted; nothing is sorted here. */
typedef struct dw_parquet_sorting {
    const char *path; /* of a leaf column */
    uint32_t flags;   /* DW_PARQUET_DESCENDING | DW_PARQUET_NULLS_FIRST */
} dw_parquet_sorting;

#define DW_PARQUET_PAGE_CHECKSUMS     1u /* CRC-32 of every page */
#define DW_PARQUET_NEWER_ENCODINGS    2u /* delta, run lengths for booleans */
#define DW_PARQUET_BLOOM_FILTERS      4u /* for all columns but booleans */
#define DW_PARQUET_NO_DICTIONARY      8u
#define DW_PARQUET_NO_PAGE_INDEX      16u /* no column and offset indexes */
#define DW_PARQUET_NO_SIZE_STATISTICS 32u /* no histograms of levels */

/** How a file is written. Everything is copied. Zero means the default, which every reader of the
 * last years understands. */
typedef struct dw_parquet_write_options {
    uint32_t struct_size;          /* set by DW_PARQUET_WRITE_OPTIONS_INIT */
    uint32_t flags;                /* DW_PARQUET_* */
    const dw_allocator *allocator; /* NULL: malloc; borrowed until dw_parquet_writer_close() */
    int32_t codec;                 /* DW_PARQUET_CODEC_* */
    int32_t level;                 /* 0: 1 for zstd, 6 for gzip, 4 for brotli */
    int32_t page_version;          /* of data pages: 1 or 2; 0: 1 */
    int32_t threads;               /* that encode columns, the caller's among them; 0: 1 */
    int64_t page_bytes;            /* 0: 1 MiB of values before compression */
    int64_t page_rows;             /* 0: 20,000 */
    int64_t row_group_bytes;       /* 0: 64 MiB, encoded */
    int64_t row_group_rows;        /* 0: 1,048,576 */
    int64_t dictionary_bytes;      /* 0: 1 MiB; a larger dictionary falls back to the encoding */
    int64_t bloom_max_bytes;       /* 0: 1 MiB; of one filter */
    int64_t bound_bytes;           /* 0: 64; min and max are cut to this */
    const dw_property *metadata;   /* key-value metadata of the footer; a value may be NULL */
    size_t n_metadata;
    const dw_parquet_column_options *columns;
    size_t n_columns;
    const dw_parquet_sorting *sorting;
    size_t n_sorting;
    /* Append below this line only. Zero must mean "the default". */
} dw_parquet_write_options;
#define DW_PARQUET_WRITE_OPTIONS_INIT                                                              \
    {                                                                                              \
        sizeof(dw_parquet_write_options), 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, \
            0, NULL, 0                                                                             \
    }

/** Begin the object `key` of a store (relative to its root). It is visible, over what was there
 * before, once dw_parquet_writer_finish() has returned DW_OK. `schema` is a struct of columns.
 *
 * Ownership: the writer takes a reference to `store`; `schema` is borrowed for the call. Free with
 *            dw_parquet_writer_close().
 * Errors:    DW_E_ARG (an option that does not fit, a column that is not there),
 *            DW_E_UNSUPPORTED (an Arrow type without a Parquet one, a codec that is not built in),
 *            DW_E_CORRUPT (an invalid schema), DW_E_NOMEM.
 * Threads:   any thread. */
DW_API dw_status dw_parquet_writer_open(dw_store *store, const char *key,
                                        const struct ArrowSchema *schema,
                                        const dw_parquet_write_options *opts,
                                        dw_parquet_writer **out_writer, dw_error *err);

/** The same into a function, which gets the file's bytes in order.
 *
 * Ownership: sink.ctx is borrowed until dw_parquet_writer_close().
 * Errors:    as dw_parquet_writer_open(); later calls return what the sink returned.
 * Threads:   any thread; the sink is called by the thread that appends or finishes. */
DW_API dw_status dw_parquet_writer_open_sink(dw_sink sink, const struct ArrowSchema *schema,
                                             const dw_parquet_write_options *opts,
                                             dw_parquet_writer **out_writer, dw_error *err);

/** Write one struct array of the schema the writer was opened with; columns match by position.
 *
 * Ownership: on DW_OK the batch is released (batch->release becomes NULL); on any error it stays
 *            with the caller, untouched.
 * Errors:    DW_E_SCHEMA (names the column), DW_E_CORRUPT (an invalid array): all is as before.
 *            DW_E_IO, DW_E_NOMEM and the store's other codes: every later call but
 *            dw_parquet_writer_close() answers DW_E_ARG.
 * Threads:   one call at a time per writer. */
DW_API dw_status dw_parquet_writer_append(dw_parquet_writer *writer, struct ArrowArray *batch,
                                          dw_error *err);

/** Write every array of a stream. Its columns must have the types of the writer's, in any layout.
 *
 * Ownership: the stream is drained and stays with the caller, to be released.
 * Errors:    those of dw_parquet_writer_append(); DW_E_SCHEMA (other columns), DW_E_IO with the
 *            stream's own text when it fails. Arrays before the failing one stay written.
 * Threads:   one call at a time per writer. */
DW_API dw_status dw_parquet_writer_append_stream(dw_parquet_writer *writer,
                                                 struct ArrowArrayStream *stream, dw_error *err);

/** How far a writer is. */
typedef struct dw_parquet_write_stats {
    uint32_t struct_size;   /* set by DW_PARQUET_WRITE_STATS_INIT */
    uint32_t reserved;      /* 0 */
    int64_t rows;           /* appended */
    int64_t file_bytes;     /* handed to the store or sink; once finished, the file's size */
    int64_t buffered_bytes; /* held in memory: the open row group, and what is not sent yet */
    /* Append below this line only. */
} dw_parquet_write_stats;
#define DW_PARQUET_WRITE_STATS_INIT                                                                \
    {                                                                                              \
        sizeof(dw_parquet_write_stats), 0, 0, 0, 0                                                 \
    }

/** Fill *out_stats.
 *
 * Ownership: none moves.
 * Errors:    DW_E_ARG (no struct_size).
 * Threads:   one call at a time per writer. */
DW_API dw_status dw_parquet_writer_get_stats(const dw_parquet_writer *writer,
                                             dw_parquet_write_stats *out_stats, dw_error *err);

/** End the file: last row group, indexes, footer, and of a store's object the upload.
 *
 * Ownership: none moves.
 * Errors:    DW_E_IO, DW_E_NOMEM and the store's other codes: nothing new is visible, unless it is
 *            DW_E_UNKNOWN. DW_E_ARG: the writer is finished or broken already.
 * Threads:   one call at a time per writer. */
DW_API dw_status dw_parquet_writer_finish(dw_parquet_writer *writer, dw_error *err);

/** Free the writer; a file that is not finished is dropped. NULL is allowed.
 *
 * Ownership: ends the caller's.
 * Errors:    none.
 * Threads:   one caller, after all other use. */
DW_API void dw_parquet_writer_close(dw_parquet_writer *writer);

/** Random access to a file's bytes, for those that are in no store. */
typedef struct dw_parquet_source {
    uint32_t struct_size; /* set by DW_PARQUET_SOURCE_INIT */
    uint32_t reserved;    /* 0 */
    int64_t size;         /* of the file in bytes */
    void *ctx;
    /** Fill all of `out` with the `len` bytes at `offset`, which are within the file, or fail. */
    dw_status (*read)(void *ctx, int64_t offset, size_t len, void *out, dw_error *err);
    /* Append below this line only. Zero must mean "the default". */
} dw_parquet_source;
#define DW_PARQUET_SOURCE_INIT                                                                     \
    {                                                                                              \
        sizeof(dw_parquet_source), 0, 0, NULL, NULL                                                \
    }

#define DW_PARQUET_IGNORE_CHECKSUMS 1u /* of pages; they are checked otherwise */
/* Look through columns of the deprecated type INT96 at once: those with times that nanoseconds
 * cannot hold become microseconds. Without it such times are an error when they are read. */
#define DW_PARQUET_SETTLE_INT96 2u

/** How a file is opened. Zero means the default. */
typedef struct dw_parquet_open_options {
    uint32_t struct_size;          /* set by DW_PARQUET_OPEN_OPTIONS_INIT */
    uint32_t flags;                /* DW_PARQUET_IGNORE_CHECKSUMS | ... */
    const dw_allocator *allocator; /* NULL: malloc; borrowed until dw_parquet_reader_close() */
    /* 0: 1 GiB. The most that footer, pages and what is read ahead may take, and once more a batch;
     * a file that wants more is refused with DW_E_NOMEM. */
    int64_t memory_bytes;
    /* Append below this line only. Zero must mean "the default". */
} dw_parquet_open_options;
#define DW_PARQUET_OPEN_OPTIONS_INIT                                                               \
    {                                                                                              \
        sizeof(dw_parquet_open_options), 0, NULL, 0                                                \
    }

/** Read the footer of the object `key` of a store: at most two requests when it is under 64 KiB.
 *
 * Ownership: the reader takes a reference to `store`. Free with dw_parquet_reader_close().
 * Errors:    DW_E_NOT_FOUND, DW_E_CORRUPT (not a Parquet file, or a damaged one),
 *            DW_E_UNSUPPORTED (an encrypted footer), DW_E_NOMEM, the store's other codes.
 * Threads:   any thread. */
DW_API dw_status dw_parquet_reader_open(dw_store *store, const char *key,
                                        const dw_parquet_open_options *opts,
                                        dw_parquet_reader **out_reader, dw_error *err);

/** The same from a source. `name` stands for the file in messages.
 *
 * Ownership: `source` and `name` are copied, source->ctx is borrowed until the reader is closed.
 * Errors:    as dw_parquet_reader_open(), and what source->read returned.
 * Threads:   any thread; source->read is called by the thread that uses reader or stream. */
DW_API dw_status dw_parquet_reader_open_source(const dw_parquet_source *source, const char *name,
                                               const dw_parquet_open_options *opts,
                                               dw_parquet_reader **out_reader, dw_error *err);

/** What the footer says of the file as a whole. */
typedef struct dw_parquet_info {
    uint32_t struct_size; /* set by DW_PARQUET_INFO_INIT */
    int32_t version;      /* of the format, as the writer has it */
    int64_t file_bytes;
    int64_t rows;
    int64_t row_groups;
    const char *created_by;      /* NULL: it does not say */
    const dw_property *metadata; /* a value may be NULL */
    size_t n_metadata;
    /* Append below this line only. */
} dw_parquet_info;
#define DW_PARQUET_INFO_INIT                                                                       \
    {                                                                                              \
        sizeof(dw_parquet_info), 0, 0, 0, 0, NULL, NULL, 0                                         \
    }

/** Fill *out_info.
 *
 * Ownership: the text in it is the reader's.
 * Errors:    DW_E_ARG (no struct_size).
 * Threads:   one call at a time per reader. */
DW_API dw_status dw_parquet_reader_get_info(const dw_parquet_reader *reader,
                                            dw_parquet_info *out_info, dw_error *err);

/** The columns as an Arrow schema: a struct.
 *
 * Ownership: *out_schema is the caller's, to be released.
 * Errors:    DW_E_UNSUPPORTED (names a column that has no type here), DW_E_NOMEM.
 * Threads:   one call at a time per reader. */
DW_API dw_status dw_parquet_reader_schema(dw_parquet_reader *reader, struct ArrowSchema *out_schema,
                                          dw_error *err);

/* dw_parquet_condition.op */
#define DW_PARQUET_LT          0
#define DW_PARQUET_LE          1
#define DW_PARQUET_EQ          2
#define DW_PARQUET_GE          3
#define DW_PARQUET_GT          4
#define DW_PARQUET_IS_NULL     6
#define DW_PARQUET_IS_NOT_NULL 7

/** A comparison of a column with a value. A null passes IS_NULL alone, and NaN no comparison. */
typedef struct dw_parquet_condition {
    const char *path; /* of a column, with dots in structs; not below a list or map */
    int32_t op;       /* DW_PARQUET_LT ... */
    /* NULL for the last two. Else a number, true or false, text, an ISO 8601 date or timestamp. */
    const char *value;
} dw_parquet_condition;

/** What to read. Zero means the default. */
typedef struct dw_parquet_read_options {
    uint32_t struct_size;       /* set by DW_PARQUET_READ_OPTIONS_INIT */
    int32_t batch_rows;         /* 0: 8,192; rows of one array at the most */
    const char *const *columns; /* top-level names in the wanted order; NULL: all of the file's */
    size_t n_columns;
    int64_t first_row; /* of the file, from 0 */
    int64_t max_rows;  /* 0: all from there on */
    /* Of these rows those that pass all conditions. Row groups and pages without such rows are left
     * out by statistics, page index and Bloom filters, as far as the file has them. */
    const dw_parquet_condition *conditions;
    size_t n_conditions;
    /* Append below this line only. Zero must mean "the default". */
} dw_parquet_read_options;
#define DW_PARQUET_READ_OPTIONS_INIT                                                               \
    {                                                                                              \
        sizeof(dw_parquet_read_options), 0, NULL, 0, 0, 0, NULL, 0                                 \
    }

/** Read rows as an Arrow stream of struct arrays.
 *
 * Ownership: *out_stream is the caller's, to be released before the reader is closed.
 * Errors:    DW_E_NOT_FOUND (names the column), DW_E_ARG (a value that is none of its column's),
 *            DW_E_UNSUPPORTED (names the column), DW_E_NOMEM; while reading, get_next()
 *            returns an errno and get_last_error() the text: row group, column and page.
 * Threads:   one call at a time per reader and its streams. */
DW_API dw_status dw_parquet_reader_stream(dw_parquet_reader *reader,
                                          const dw_parquet_read_options *opts,
                                          struct ArrowArrayStream *out_stream, dw_error *err);

#define DW_PARQUET_DESCRIBE_FOOTER 0 /* schema, row groups, column chunks, statistics */
#define DW_PARQUET_DESCRIBE_PAGES  1 /* of each chunk, by their headers and the page index */

/** Tell what the file is made of as one JSON object (docs/cli.md: `meta --json`, `pages --json`).
 *
 * Ownership: none moves.
 * Errors:    DW_E_ARG, DW_E_CORRUPT, DW_E_IO, DW_E_NOMEM, or what the sink returned.
 * Threads:   one call at a time per reader. */
DW_API dw_status dw_parquet_reader_describe(dw_parquet_reader *reader, int32_t what, dw_sink sink,
                                            dw_error *err);

/** Something in a file that does not go with the rest of it. */
typedef struct dw_parquet_problem {
    int64_t row_group;  /* -1: of the file */
    const char *column; /* NULL: of the row group; else the column's path with dots */
    int64_t page;       /* -1: of the chunk; else its number, the dictionary's included */
    const char *text;   /* one line */
} dw_parquet_problem;

typedef dw_status dw_parquet_problem_fn(void *ctx, const dw_parquet_problem *problem,
                                        dw_error *err);

/** Read all of the file, checksums included, and compare it with what footer, page headers, page
 * index and statistics say. `each` is told what differs; that a file has problems is no error.
 *
 * Ownership: a problem and its texts are borrowed for the call.
 * Errors:    DW_E_ARG, DW_E_IO and the store's other codes, DW_E_NOMEM, or what `each` returned.
 * Threads:   one call at a time per reader. */
DW_API dw_status dw_parquet_reader_verify(dw_parquet_reader *reader, dw_parquet_problem_fn *each,
                                          void *ctx, dw_error *err);

/** Free the reader. Its streams must be released before. NULL is allowed.
 *
 * Ownership: ends the caller's.
 * Errors:    none.
 * Threads:   one caller, after all other use. */
DW_API void dw_parquet_reader_close(dw_parquet_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
