/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/data_file.h"

#include <assert.h>

#include <deltawrite/table.h>

#include "base/alloc.h"
#include "delta/action_copy.h"
#include "delta/partition_path.h"
#include "delta/stats.h"
#include "parquet/parquet_writer.h"

/* Up to here a file is sent by one PUT, which the store can retry as a whole. */
enum { CHUNK_BYTES = 4 * 1024 * 1024 };

struct dwi_data_file {
    const dwi_log *log;
    dwi_arena arena; /* plan, names, values */
    dwi_kvs values;
    dwi_stats_plan plan;
    dwi_parquet_writer *writer;
    dwi_sv path; /* below the table, as the store sees it */
    char *key;
    dwi_buf chunk;      /* finished bytes that are not sent yet */
    dwi_upload *upload; /* NULL: not begun */
    int64_t sent_bytes; /* chunk included */
};

static dw_status send_chunk(dwi_data_file *file, dw_error *err)
{
    dw_status status = DW_OK;

    if (file->upload == NULL)
        DWI_TRY(dwi_upload_begin(file->log->store, file->key, &file->upload, err));
    DWI_TRY(dwi_upload_write(file->upload, file->chunk.data, file->chunk.len, err));
    dwi_buf_clear(&file->chunk);
done:
    return status;
}

static dw_status take_bytes(void *ctx, const void *data, size_t len, dw_error *err)
{
    dwi_data_file *file = ctx;
    const uint8_t *bytes = data;
    dw_status status = DW_OK;

    file->sent_bytes += (int64_t)len;
    while (len > 0) {
        size_t room = CHUNK_BYTES - file->chunk.len;
        size_t take = len < room ? len : room;
        dwi_buf_append(&file->chunk, bytes, take);
        DWI_TRY(dwi_buf_status(&file->chunk, err));
        bytes += take;
        len -= take;
        if (file->chunk.len == CHUNK_BYTES)
            DWI_TRY(send_chunk(file, err));
    }
done:
    return status;
}

/* The one that the table names; zstd where it names none, or one that is not built in. */
static int codec_named(dwi_sv name)
{
    static const struct {
        const char *name;
        int codec;
    } codecs[] = {{"snappy", DWI_CODEC_SNAPPY},     {"gzip", DWI_CODEC_GZIP},
                  {"brotli", DWI_CODEC_BROTLI},     {"lz4_raw", DWI_CODEC_LZ4_RAW},
                  {"none", DWI_CODEC_UNCOMPRESSED}, {"uncompressed", DWI_CODEC_UNCOMPRESSED}};

    for (size_t i = 0; name.ptr != NULL && i < sizeof(codecs) / sizeof(codecs[0]); i++)
        if (dwi_sv_eq_nocase(name, dwi_sv_cstr(codecs[i].name)))
            return dwi_codec_available(codecs[i].codec) ? codecs[i].codec : DWI_CODEC_ZSTD;
    return DWI_CODEC_ZSTD;
}

static int codec_of(const dwi_state *state, int32_t compression)
{
    switch (compression) {
    case DW_COMPRESSION_NONE:
        return DWI_CODEC_UNCOMPRESSED;
    case DW_COMPRESSION_SNAPPY:
        return DWI_CODEC_SNAPPY;
    case DW_COMPRESSION_ZSTD:
        return DWI_CODEC_ZSTD;
    default:
        return codec_named(dwi_state_property(state, "delta.parquet.compression.codec"));
    }
}

/* The codec's part of the name, as other writers have it. */
static const char *codec_suffix(int codec)
{
    switch (codec) {
    case DWI_CODEC_SNAPPY:
        return ".snappy";
    case DWI_CODEC_GZIP:
        return ".gz";
    case DWI_CODEC_BROTLI:
        return ".br";
    case DWI_CODEC_LZ4_RAW:
        return ".lz4raw";
    case DWI_CODEC_ZSTD:
        return ".zstd";
    default:
        return "";
    }
}

static dw_status make_path(dwi_data_file *file, dwi_sv directory, int codec, bool change_data,
                           dw_error *err)
{
    char uuid[DWI_UUID_TEXT + 1];
    dwi_buf name;
    dw_status status;

    dwi_uuid(file->log->env, uuid);
    dwi_buf_init(&name, file->log->alloc);
    if (change_data)
        dwi_buf_append_cstr(&name, "_change_data/");
    dwi_buf_append(&name, directory.ptr, directory.len);
    dwi_buf_printf(&name, "%s-00000-%s-c000%s.parquet", change_data ? "cdc" : "part", uuid,
                   codec_suffix(codec));
    DWI_TRY(dwi_buf_status(&name, err));
    if (!dwi_arena_sv(&file->arena, (dwi_sv){(const char *)name.data, name.len}, &file->path)) {
        status = dwi_err_nomem(err);
        goto done;
    }
    file->key = dwi_log_key(file->log, file->path.ptr);
    if (file->key == NULL)
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&name);
    return status;
}

dw_status dwi_data_file_new(const dwi_log *log, const dwi_state *state,
                            const dwi_file_layout *layout, dwi_kvs values, dwi_sv directory,
                            const dwi_data_file_options *opts, dwi_data_file **out, dw_error *err)
{
    dwi_parquet_write_options parquet = {0};
    dwi_data_file *file = dwi_alloc_zero(log->alloc, sizeof(*file));
    dw_status status;

    if (file == NULL)
        return dwi_err_nomem(err);
    file->log = log;
    dwi_arena_init(&file->arena, log->alloc);
    dwi_buf_init(&file->chunk, log->alloc);
    parquet.codec = codec_of(state, opts->compression);
    parquet.level = parquet.codec == DWI_CODEC_ZSTD ? opts->level : 0; /* it is zstd's alone */
    parquet.row_group_bytes = opts->row_group_bytes;
    parquet.n_threads = opts->encode_threads;
    file->values = values;
    if (!dwi_kvs_copy(&file->arena, &file->values))
        DWI_TRY(dwi_err_nomem(err));
    DWI_TRY(make_path(file, directory, parquet.codec, opts->change_data, err));
    DWI_TRY(dwi_stats_plan_init(&file->plan, &file->arena, layout, state, err));
    DWI_TRY(dwi_parquet_writer_new(log->alloc, layout->physical, &parquet,
                                   (dwi_parquet_sink){file, take_bytes}, &file->writer, err));
    *out = file;
    file = NULL;
done:
    dwi_data_file_free(file);
    return status;
}

void dwi_data_file_free(dwi_data_file *file)
{
    if (file == NULL)
        return;
    const dw_allocator *alloc = file->log->alloc;
    dwi_parquet_writer_free(file->writer);
    dwi_upload_abort(file->upload);
    dwi_cstr_free(alloc, file->key);
    dwi_buf_done(&file->chunk);
    dwi_arena_done(&file->arena);
    dwi_free(alloc, file, sizeof(*file));
}

dw_status dwi_data_file_append(dwi_data_file *file, const dwi_vec *rows, dw_error *err)
{
    dwi_stats_plan_count(&file->plan, rows);
    return dwi_parquet_writer_append(file->writer, rows, err);
}

static dw_status write_stats(const dwi_data_file *file, dwi_arena *arena, dwi_sv *out,
                             dw_error *err)
{
    dwi_leaf_stats *leaves;
    dwi_buf text;
    dw_status status = DW_OK;

    dwi_buf_init(&text, file->log->alloc);
    assert(dwi_parquet_writer_leaves(file->writer) >= file->plan.n_parquet_leaves);
    leaves = dwi_arena_array(arena, file->plan.n_parquet_leaves, sizeof(*leaves));
    if (leaves == NULL) {
        status = dwi_err_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < file->plan.n_parquet_leaves; i++)
        dwi_parquet_writer_leaf_stats(file->writer, i, &leaves[i]);
    dwi_stats_append(&file->plan, dwi_parquet_writer_rows(file->writer), leaves, &text);
    DWI_TRY(dwi_buf_status(&text, err));
    if (!dwi_arena_sv(arena, (dwi_sv){(const char *)text.data, text.len}, out))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&text);
    return status;
}

/* Whatever becomes of the upload, it is freed. */
static dw_status end_upload(dwi_data_file *file, dw_error *err)
{
    dwi_upload *upload = file->upload;
    dw_bytes body = {file->chunk.data, file->chunk.len};
    dw_status status;

    if (upload == NULL)
        return dwi_store_put(file->log->store, file->key, body, DW_PUT_OVERWRITE, err);
    file->upload = NULL;
    status = dwi_upload_write(upload, body.data, body.len, err);
    if (status != DW_OK) {
        dwi_upload_abort(upload);
        return status;
    }
    return dwi_upload_finish(upload, err);
}

/* The path as actions have it. */
static dw_status write_path(const dwi_data_file *file, dwi_arena *arena, dwi_sv *out, dw_error *err)
{
    dwi_buf text;
    dw_status status;

    dwi_buf_init(&text, file->log->alloc);
    dwi_path_append_encoded(&text, file->path);
    DWI_TRY(dwi_buf_status(&text, err));
    if (!dwi_arena_sv(arena, (dwi_sv){(const char *)text.data, text.len}, out))
        status = dwi_err_nomem(err);
done:
    dwi_buf_done(&text);
    return status;
}

dw_status dwi_data_file_close(dwi_data_file *file, dwi_arena *arena, dwi_add *out, dw_error *err)
{
    dwi_add add = {.base_row_id = -1, .default_row_commit_version = -1};
    dw_status status;

    DWI_TRY(dwi_parquet_writer_finish(file->writer, err));
    DWI_TRY(write_stats(file, arena, &add.stats, err));
    DWI_TRY(write_path(file, arena, &add.path, err));
    add.partition_values = file->values;
    if (!dwi_kvs_copy(arena, &add.partition_values))
        DWI_TRY(dwi_err_nomem(err));
    add.size = file->sent_bytes;
    add.modification_time = dwi_now_ms(file->log->env);
    add.data_change = true;
    add.dv.offset = -1;
    *out = add;
done:
    return status;
}

dw_status dwi_data_file_send(dwi_data_file *file, dw_error *err)
{
    dw_status status = end_upload(file, err);

    if (status != DW_OK) /* a lost reply may have left it; no reader would ever see it */
        dwi_data_file_remove(file);
    return status;
}

void dwi_data_file_remove(const dwi_data_file *file)
{
    (void)dwi_store_remove(file->log->store, file->key, NULL);
}

int64_t dwi_data_file_rows(const dwi_data_file *file)
{
    return dwi_parquet_writer_rows(file->writer);
}

int64_t dwi_data_file_bytes(const dwi_data_file *file)
{
    return dwi_parquet_writer_file_bytes(file->writer) +
           dwi_parquet_writer_buffered_bytes(file->writer);
}

int64_t dwi_data_file_buffered_bytes(const dwi_data_file *file)
{
    return dwi_parquet_writer_buffered_bytes(file->writer) + (int64_t)file->chunk.len;
}
