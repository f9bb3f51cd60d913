/* SPDX-License-Identifier: Apache-2.0 */
#include "api/arrow_stream.h"

#include <errno.h>

int dwi_stream_errno(dw_status status)
{
    switch (status) {
    case DW_OK:
        return 0;
    case DW_E_NOMEM:
        return ENOMEM;
    case DW_E_UNSUPPORTED:
        return ENOTSUP;
    case DW_E_CORRUPT:
    case DW_E_SCHEMA:
        return EINVAL;
    default:
        return EIO;
    }
}

dw_status dwi_stream_error(struct ArrowArrayStream *stream, int code, dw_error *err)
{
    const char *text = stream->get_last_error(stream);

    return dwi_err_sys(err, DW_E_IO, code, false, "arrow stream: %s",
                       text == NULL ? "it failed and does not say why" : text);
}

dw_status dwi_stream_drain(struct ArrowArrayStream *stream, dwi_batch_fn *each, void *ctx,
                           dw_error *err)
{
    struct ArrowSchema schema = {0};
    struct ArrowArray batch = {0};
    dw_status status = DW_OK;
    int code = stream->get_schema(stream, &schema);

    if (code != 0)
        DWI_TRY(dwi_stream_error(stream, code, err));
    for (;;) {
        code = stream->get_next(stream, &batch);
        if (code != 0)
            DWI_TRY(dwi_stream_error(stream, code, err));
        if (batch.release == NULL)
            break;
        DWI_TRY(each(ctx, &schema, &batch, err));
        if (batch.release != NULL)
            batch.release(&batch);
        batch.release = NULL;
    }
done:
    if (batch.release != NULL)
        batch.release(&batch);
    if (schema.release != NULL)
        schema.release(&schema);
    return status;
}
