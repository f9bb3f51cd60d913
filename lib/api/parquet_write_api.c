/* SPDX-License-Identifier: Apache-2.0 */
/* dw_parquet_writer: Arrow batches into one Parquet file. */
#include <deltawrite/parquet.h>

#include "api/arrow_stream.h"
#include "base/alloc.h"
#include "base/options.h"
#include "columns/arrow_import.h"
#include "parquet/parquet_writer.h"
#include "store/store_ops.h"

/* Up to here a file is sent by one PUT, which the store can retry as a whole. */
enum { CHUNK_BYTES = 4 * 1024 * 1024 };

typedef enum writer_state { WRITER_OPEN = 0, WRITER_BROKEN = 1, WRITER_FINISHED = 2 } writer_state;

struct dw_parquet_writer {
    const dw_allocator *alloc;
    dwi_arena arena; /* type, schema */
    const dwi_type *type;
    struct ArrowSchema *schema;
    dwi_parquet_writer *core;
    writer_state state;
    dw_sink sink;    /* of the caller, when there is no store */
    dw_store *store; /* a reference */
    char *key;
    dwi_buf chunk; /* finished bytes that are not sent yet */
    dwi_upload *upload;
};

/* ---- where the bytes go ---- */

static dw_status send_chunk(dw_parquet_writer *writer, dw_error *err)
{
    dw_status status = DW_OK;

    if (writer->upload == NULL)
        DWI_TRY(dwi_upload_begin(writer->store, writer->key, &writer->upload, err));
    DWI_TRY(dwi_upload_write(writer->upload, writer->chunk.data, writer->chunk.len, err));
    dwi_buf_clear(&writer->chunk);
done:
    return status;
}

static dw_status to_store(void *ctx, const void *data, size_t len, dw_error *err)
{
    dw_parquet_writer *writer = ctx;
    const uint8_t *bytes = data;
    dw_status status = DW_OK;

    while (len > 0) {
        size_t room = CHUNK_BYTES - writer->chunk.len;
        size_t take = len < room ? len : room;
        dwi_buf_append(&writer->chunk, bytes, take);
        DWI_TRY(dwi_buf_status(&writer->chunk, err));
        bytes += take;
        len -= take;
        if (writer->chunk.len == CHUNK_BYTES)
            DWI_TRY(send_chunk(writer, err));
    }
done:
    return status;
}

static dw_status to_sink(void *ctx, const void *data, size_t len, dw_error *err)
{
    dw_parquet_writer *writer = ctx;

    return writer->sink.write(writer->sink.ctx, data, len, err);
}

/* Whatever becomes of the upload, it is freed. */
static dw_status end_upload(dw_parquet_writer *writer, dw_error *err)
{
    dwi_upload *upload = writer->upload;
    dw_bytes body = {writer->chunk.data, writer->chunk.len};
    dw_status status;

    if (upload == NULL)
        return dwi_store_put(writer->store, writer->key, body, DW_PUT_OVERWRITE, err);
    writer->upload = NULL;
    status = dwi_upload_write(upload, body.data, body.len, err);
    if (status != DW_OK) {
        dwi_upload_abort(upload);
        return status;
    }
    return dwi_upload_finish(upload, err);
}

/* ---- options ---- */

static dw_status codec_of(int32_t choice, int *out, dw_error *err)
{
    static const int codecs[] = {
        [DW_PARQUET_CODEC_DEFAULT] = DWI_CODEC_ZSTD,
        [DW_PARQUET_CODEC_NONE] = DWI_CODEC_UNCOMPRESSED,
        [DW_PARQUET_CODEC_SNAPPY] = DWI_CODEC_SNAPPY,
        [DW_PARQUET_CODEC_ZSTD] = DWI_CODEC_ZSTD,
        [DW_PARQUET_CODEC_GZIP] = DWI_CODEC_GZIP,
        [DW_PARQUET_CODEC_LZ4_RAW] = DWI_CODEC_LZ4_RAW,
        [DW_PARQUET_CODEC_BROTLI] = DWI_CODEC_BROTLI,
    };

    if (choice < 0 || (size_t)choice >= sizeof(codecs) / sizeof(codecs[0]))
        return dwi_err(err, DW_E_ARG, "parquet options: no codec has the number %d", (int)choice);
    *out = codecs[choice];
    return DW_OK;
}

static dw_status column_options(const dw_parquet_column_options *from,
                                dwi_parquet_column_options *out, dw_error *err)
{
    const dw_parquet_column_options defaults = DW_PARQUET_COLUMN_OPTIONS_INIT;
    dw_parquet_column_options given;
    dw_status status;

    DWI_TRY(
        dwi_options_copy(&given, &defaults, sizeof(given), from, "DW_PARQUET_COLUMN_OPTIONS", err));
    if (given.path == NULL || given.dictionary_bytes < 0 || given.bloom_ndv < 0 ||
        given.bloom_fpp < 0 || given.bloom_fpp >= 1)
        DWI_TRY(dwi_err(err, DW_E_ARG, "parquet options: column %s: a size or rate out of range",
                        given.path == NULL ? "(NULL)" : given.path));
    *out = (dwi_parquet_column_options){.path = given.path,
                                        .encoding = given.encoding,
                                        .dictionary = given.dictionary,
                                        .dictionary_bytes = given.dictionary_bytes,
                                        .has_codec = given.codec != DW_PARQUET_CODEC_DEFAULT,
                                        .level = given.level,
                                        .statistics = given.statistics,
                                        .bloom_filter = given.bloom_filter,
                                        .bloom_ndv = given.bloom_ndv,
                                        .bloom_fpp = given.bloom_fpp};
    DWI_TRY(codec_of(given.codec, &out->codec, err));
done:
    return status;
}

/* The columns' options, whose structs may be shorter or longer than ours. */
static dw_status all_column_options(const dw_parquet_write_options *given, dwi_arena *arena,
                                    dwi_parquet_write_options *out, dw_error *err)
{
    dwi_parquet_column_options *columns =
        dwi_arena_array(arena, given->n_columns, sizeof(*columns));
    const char *at = (const char *)given->columns;
    dw_status status = DW_OK;

    if (columns == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < given->n_columns; i++) {
        const dw_parquet_column_options *column = (const void *)at;
        DWI_TRY(column_options(column, &columns[i], err));
        at += given->columns->struct_size;
    }
    out->columns = columns;
    out->n_columns = given->n_columns;
done:
    return status;
}

static dw_status sorting(const dw_parquet_write_options *given, dwi_arena *arena,
                         dwi_parquet_write_options *out, dw_error *err)
{
    dwi_parquet_sorting_column *columns =
        dwi_arena_array(arena, given->n_sorting, sizeof(*columns));

    if (columns == NULL)
        return dwi_err_nomem(err);
    for (size_t i = 0; i < given->n_sorting; i++) {
        if (given->sorting[i].path == NULL)
            return dwi_err(err, DW_E_ARG, "parquet options: a sorting column is NULL");
        columns[i].path = given->sorting[i].path;
        columns[i].descending = (given->sorting[i].flags & DW_PARQUET_DESCENDING) != 0;
        columns[i].nulls_first = (given->sorting[i].flags & DW_PARQUET_NULLS_FIRST) != 0;
    }
    out->sorting = columns;
    out->n_sorting = given->n_sorting;
    return DW_OK;
}

static dw_status check_options(const dw_parquet_write_options *given, dw_error *err)
{
    if (given->page_bytes < 0 || given->page_rows < 0 || given->row_group_bytes < 0 ||
        given->row_group_rows < 0 || given->dictionary_bytes < 0 || given->bloom_max_bytes < 0 ||
        given->bound_bytes < 0 || given->threads < 0)
        return dwi_err(err, DW_E_ARG, "parquet options: a size is negative");
    if (given->page_version < 0 || given->page_version > 2)
        return dwi_err(err, DW_E_ARG, "parquet options: no data pages of version %d",
                       (int)given->page_version);
    if ((given->n_columns > 0 && given->columns == NULL) ||
        (given->n_sorting > 0 && given->sorting == NULL) ||
        (given->n_metadata > 0 && given->metadata == NULL))
        return dwi_err(err, DW_E_ARG, "parquet options: a list is NULL");
    for (size_t i = 0; i < given->n_metadata; i++)
        if (given->metadata[i].key == NULL)
            return dwi_err(err, DW_E_ARG, "parquet options: a metadata key is NULL");
    return DW_OK;
}

/* Lists are in `arena`, texts the caller's. */
static dw_status core_options(const dw_parquet_write_options *given, dwi_arena *arena,
                              dwi_parquet_write_options *out, dw_error *err)
{
    dw_status status;

    DWI_TRY(check_options(given, err));
    *out = (dwi_parquet_write_options){
        .level = given->level,
        .page_bytes = given->page_bytes,
        .page_rows = given->page_rows,
        .row_group_bytes = given->row_group_bytes,
        .row_group_rows = given->row_group_rows,
        .dictionary_bytes = given->dictionary_bytes,
        .bound_bytes = (size_t)given->bound_bytes,
        .metadata = given->metadata,
        .n_metadata = given->n_metadata,
        .page_version = given->page_version,
        .page_checksums = (given->flags & DW_PARQUET_PAGE_CHECKSUMS) != 0,
        .newer_encodings = (given->flags & DW_PARQUET_NEWER_ENCODINGS) != 0,
        .dictionary =
            (given->flags & DW_PARQUET_NO_DICTIONARY) != 0 ? DWI_PARQUET_OFF : DWI_PARQUET_AS_USUAL,
        .bloom_filters = (given->flags & DW_PARQUET_BLOOM_FILTERS) != 0,
        .bloom_max_bytes = given->bloom_max_bytes,
        .no_size_statistics = (given->flags & DW_PARQUET_NO_SIZE_STATISTICS) != 0,
        .no_page_index = (given->flags & DW_PARQUET_NO_PAGE_INDEX) != 0,
        .keep_void = true,
        .n_threads = given->threads,
    };
    DWI_TRY(codec_of(given->codec, &out->codec, err));
    DWI_TRY(all_column_options(given, arena, out, err));
    DWI_TRY(sorting(given, arena, out, err));
done:
    return status;
}

/* ---- the handle ---- */

static dw_status open_writer(const struct ArrowSchema *schema, const dw_parquet_write_options *opts,
                             dw_sink sink, dw_store *store, const char *key,
                             dw_parquet_writer **out, dw_error *err)
{
    const dw_parquet_write_options defaults = DW_PARQUET_WRITE_OPTIONS_INIT;
    dw_parquet_write_options given;
    dwi_parquet_write_options core = {0};
    const dw_allocator *alloc;
    dw_parquet_writer *writer = NULL;
    dw_status status;

    DWI_TRY(
        dwi_options_copy(&given, &defaults, sizeof(given), opts, "DW_PARQUET_WRITE_OPTIONS", err));
    alloc = given.allocator == NULL ? dwi_alloc_default() : given.allocator;
    writer = dwi_alloc_zero(alloc, sizeof(*writer));
    if (writer == NULL)
        DWI_TRY(dwi_err_nomem(err));
    writer->alloc = alloc;
    writer->sink = sink;
    dwi_arena_init(&writer->arena, alloc);
    dwi_buf_init(&writer->chunk, alloc);
    if (store != NULL) {
        writer->store = dw_store_ref(store);
        writer->key = dwi_cstr_dup(alloc, key);
        if (writer->key == NULL)
            DWI_TRY(dwi_err_nomem(err));
    }
    DWI_TRY(dwi_arrow_parquet_type(&writer->arena, schema, &writer->type, err));
    DWI_TRY(dwi_arrow_copy_schema(&writer->arena, schema, &writer->schema, err));
    DWI_TRY(core_options(&given, &writer->arena, &core, err));
    DWI_TRY(dwi_parquet_writer_new(alloc, writer->type, &core,
                                   (dwi_parquet_sink){writer, store != NULL ? to_store : to_sink},
                                   &writer->core, err));
    *out = writer;
    writer = NULL;
done:
    dw_parquet_writer_close(writer);
    return status;
}

dw_status dw_parquet_writer_open(dw_store *store, const char *key, const struct ArrowSchema *schema,
                                 const dw_parquet_write_options *opts,
                                 dw_parquet_writer **out_writer, dw_error *err)
{
    if (store == NULL || key == NULL || schema == NULL || out_writer == NULL)
        return dwi_err(err, DW_E_ARG,
                       "dw_parquet_writer_open: store, key, schema and out_writer are needed");
    return open_writer(schema, opts, (dw_sink){NULL, NULL}, store, key, out_writer, err);
}

dw_status dw_parquet_writer_open_sink(dw_sink sink, const struct ArrowSchema *schema,
                                      const dw_parquet_write_options *opts,
                                      dw_parquet_writer **out_writer, dw_error *err)
{
    if (sink.write == NULL || schema == NULL || out_writer == NULL)
        return dwi_err(err, DW_E_ARG,
                       "dw_parquet_writer_open_sink: sink, schema and out_writer are needed");
    return open_writer(schema, opts, sink, NULL, NULL, out_writer, err);
}

static dw_status check_open(const dw_parquet_writer *writer, dw_error *err)
{
    if (writer->state == WRITER_OPEN)
        return DW_OK;
    return dwi_err(err, DW_E_ARG, "parquet writer: %s",
                   writer->state == WRITER_FINISHED ? "it is finished" : "an earlier call failed");
}

/* The error names the file. */
static dw_status told(const dw_parquet_writer *writer, dw_status status, dw_error *err)
{
    return writer->key == NULL ? status : dwi_err_prefix(err, status, "%s", writer->key);
}

static dw_status append_rows(dw_parquet_writer *writer, const struct ArrowSchema *schema,
                             struct ArrowArray *batch, dw_error *err)
{
    const dwi_vec *rows = NULL;
    dwi_arena arena;
    dw_status status;

    dwi_arena_init(&arena, writer->alloc);
    DWI_TRY(dwi_arrow_view_exact(&arena, schema, batch, writer->type, &rows, err));
    status = dwi_parquet_writer_append(writer->core, rows, err);
    if (status != DW_OK) {
        writer->state = WRITER_BROKEN;
        status = told(writer, status, err);
        goto done;
    }
    batch->release(batch);
    batch->release = NULL; /* what a release callback does itself; not all do */
done:
    dwi_arena_done(&arena);
    return status;
}

dw_status dw_parquet_writer_append(dw_parquet_writer *writer, struct ArrowArray *batch,
                                   dw_error *err)
{
    dw_status status;

    if (writer == NULL || batch == NULL || batch->release == NULL)
        return dwi_err(err, DW_E_ARG,
                       "dw_parquet_writer_append: writer or batch is NULL, or the "
                       "batch is released");
    DWI_TRY(check_open(writer, err));
    DWI_TRY(append_rows(writer, writer->schema, batch, err));
done:
    return status;
}

static dw_status append_from_stream(void *ctx, const struct ArrowSchema *schema,
                                    struct ArrowArray *batch, dw_error *err)
{
    return append_rows(ctx, schema, batch, err);
}

/* Names and types of a stream's columns are the writer's; whether a column may be null is found out
 * batch by batch. */
static dw_status check_stream(const dw_parquet_writer *writer, struct ArrowArrayStream *stream,
                              dw_error *err)
{
    struct ArrowSchema schema = {0};
    const dwi_type *type = NULL;
    dwi_arena arena;
    dw_status status = DW_OK;
    int code = stream->get_schema(stream, &schema);

    dwi_arena_init(&arena, writer->alloc);
    if (code != 0)
        DWI_TRY(dwi_stream_error(stream, code, err));
    DWI_TRY(dwi_arrow_parquet_type(&arena, &schema, &type, err));
    if (!dwi_type_equal_values(type, writer->type))
        DWI_TRY(dwi_err(err, DW_E_SCHEMA, "arrow stream: its columns are not those of the file"));
done:
    if (schema.release != NULL)
        schema.release(&schema);
    dwi_arena_done(&arena);
    return status;
}

dw_status dw_parquet_writer_append_stream(dw_parquet_writer *writer,
                                          struct ArrowArrayStream *stream, dw_error *err)
{
    dw_status status;

    if (writer == NULL || stream == NULL || stream->release == NULL)
        return dwi_err(err, DW_E_ARG,
                       "dw_parquet_writer_append_stream: writer or stream is NULL, "
                       "or the stream is released");
    DWI_TRY(check_open(writer, err));
    DWI_TRY(check_stream(writer, stream, err));
    DWI_TRY(dwi_stream_drain(stream, append_from_stream, writer, err));
done:
    return status;
}

dw_status dw_parquet_writer_get_stats(const dw_parquet_writer *writer,
                                      dw_parquet_write_stats *out_stats, dw_error *err)
{
    dw_parquet_write_stats stats = DW_PARQUET_WRITE_STATS_INIT;

    if (writer == NULL || out_stats == NULL || out_stats->struct_size < sizeof(uint32_t))
        return dwi_err(err, DW_E_ARG,
                       "dw_parquet_writer_get_stats: writer or out_stats is NULL or has no size");
    if (out_stats->struct_size < stats.struct_size)
        stats.struct_size = out_stats->struct_size;
    stats.rows = dwi_parquet_writer_rows(writer->core);
    stats.file_bytes = dwi_parquet_writer_file_bytes(writer->core);
    stats.buffered_bytes =
        dwi_parquet_writer_buffered_bytes(writer->core) + (int64_t)writer->chunk.len;
    memcpy(out_stats, &stats, stats.struct_size);
    return DW_OK;
}

dw_status dw_parquet_writer_finish(dw_parquet_writer *writer, dw_error *err)
{
    dw_status status;

    if (writer == NULL)
        return dwi_err(err, DW_E_ARG, "dw_parquet_writer_finish: writer is NULL");
    DWI_TRY(check_open(writer, err));
    writer->state = WRITER_BROKEN;
    status = dwi_parquet_writer_finish(writer->core, err);
    if (status != DW_OK) {
        status = told(writer, status, err);
        goto done;
    }
    if (writer->store != NULL)
        DWI_TRY(end_upload(writer, err));
    dwi_buf_done(&writer->chunk);
    writer->state = WRITER_FINISHED;
done:
    return status;
}

void dw_parquet_writer_close(dw_parquet_writer *writer)
{
    const dw_allocator *alloc;

    if (writer == NULL)
        return;
    alloc = writer->alloc;
    dwi_parquet_writer_free(writer->core);
    dwi_upload_abort(writer->upload);
    dwi_cstr_free(alloc, writer->key);
    dwi_buf_done(&writer->chunk);
    dwi_arena_done(&writer->arena);
    dw_store_unref(writer->store);
    dwi_free(alloc, writer, sizeof(*writer));
}
