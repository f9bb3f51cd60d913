/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/import.h"

#include "tool/parquet_file.h"

/* For its columns: the first row of a file, or none when it has none. */
static int create_from_parquet(struct import *im, struct parquet_file *f)
{
    dw_parquet_read_options opts = DW_PARQUET_READ_OPTIONS_INIT;
    dw_parquet_info info = DW_PARQUET_INFO_INIT;
    struct ArrowArrayStream rows = {0};
    struct ArrowSchema columns = {0};
    struct sample sample = {0};
    dw_error err = DW_ERROR_INIT;
    int code;

    opts.max_rows = 1;
    if (dw_parquet_reader_get_info(f->reader, &info, &err) != DW_OK ||
        dw_parquet_reader_schema(f->reader, &columns, &err) != DW_OK ||
        dw_parquet_reader_stream(f->reader, &opts, &rows, &err) != DW_OK) {
        code = fail_at(f->path, &err);
    } else {
        if (info.rows > 0)
            sample.rows = &rows;
        else
            sample.columns = &columns;
        code = import_ready(im, &sample);
    }
    if (rows.release != NULL)
        rows.release(&rows);
    if (columns.release != NULL)
        columns.release(&columns);
    return code;
}

static int append_parquet(struct import *im, struct parquet_file *f)
{
    struct ArrowArrayStream rows = {0};
    dw_error err = DW_ERROR_INIT;
    dw_status status;

    if (dw_parquet_reader_stream(f->reader, NULL, &rows, &err) != DW_OK)
        return fail_at(f->path, &err);
    status = dw_append_stream(im->txn, &rows, &err);
    rows.release(&rows);
    return status == DW_OK ? -1 : fail_at(f->path, &err);
}

int import_parquet(struct import *im, const char *path)
{
    struct parquet_file f = {0};
    int code = parquet_open(&f, path);

    if (code == IMPORT_GO_ON && im->txn == NULL)
        code = create_from_parquet(im, &f);
    if (code == IMPORT_GO_ON)
        code = append_parquet(im, &f);
    parquet_close(&f);
    return code;
}
