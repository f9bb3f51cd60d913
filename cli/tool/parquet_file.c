/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/parquet_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* "folder/file" is the object `file` of the store `folder`. */
int parquet_open(struct parquet_file *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *key = slash == NULL ? path : slash + 1;
    dw_parquet_open_options opts = DW_PARQUET_OPEN_OPTIONS_INIT;
    dw_error err = DW_ERROR_INIT;
    int code;

    opts.flags = DW_PARQUET_SETTLE_INT96;
    f->path = path;
    f->folder = need_strdup(slash == NULL ? "." : path);
    if (slash == path)
        f->folder[1] = '\0';
    else if (slash != NULL)
        f->folder[slash - path] = '\0';
    if (*key == '\0') {
        (void)fprintf(stderr, "deltawrite: %s: not the name of a file\n", path);
        return 2;
    }
    code = target_open_store(&f->place, f->folder);
    if (code < 0 && dw_parquet_reader_open(f->place.store, key, &opts, &f->reader, &err) != DW_OK)
        code = fail_at(path, &err);
    return code;
}

void parquet_close(struct parquet_file *f)
{
    dw_parquet_reader_close(f->reader);
    target_close(&f->place);
    free(f->folder);
    memset(f, 0, sizeof(*f));
}

static dw_status collect(void *ctx, const void *data, size_t len, dw_error *err)
{
    (void)err;
    textbuf_add(ctx, data, len);
    return DW_OK;
}

int parquet_describe(struct parquet_file *f, int32_t what, struct textbuf *out)
{
    dw_error err = DW_ERROR_INIT;

    if (dw_parquet_reader_describe(f->reader, what, (dw_sink){out, collect}, &err) != DW_OK)
        return fail_at(f->path, &err);
    return -1;
}

int parquet_describe_json(struct parquet_file *f, int32_t what, cJSON **out)
{
    struct textbuf text = {0};
    int code = parquet_describe(f, what, &text);

    if (code < 0) {
        *out = cJSON_ParseWithLength(text.text, text.len);
        if (*out == NULL) {
            (void)fprintf(stderr, "deltawrite: %s: out of memory\n", f->path);
            code = 1;
        }
    }
    textbuf_done(&text);
    return code;
}
