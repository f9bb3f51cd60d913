/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a struct of the Thrift compact protocol, read twice: with every value looked at, and
 * skipped field by field. Both must agree about where it ends. */
#include <stdlib.h>

#include "fuzz.h"
#include "thrift/compact.h"

static void look_at(dwi_tr *r, dwi_thrift_type type);

static void look_at_struct(dwi_tr *r, dwi_thrift_type type)
{
    int16_t id;

    dwi_tr_struct_begin(r, type);
    while (dwi_tr_field(r, &id, &type))
        look_at(r, type);
    dwi_tr_struct_end(r);
}

static void look_at_list(dwi_tr *r, dwi_thrift_type type)
{
    dwi_thrift_type element;
    size_t count = dwi_tr_list(r, type, &element);

    if (count > (size_t)(r->end - r->pos) + 1)
        abort();
    for (size_t i = 0; i < count && !r->failed; i++) {
        if (element == DWI_THRIFT_TRUE || element == DWI_THRIFT_FALSE)
            (void)dwi_tr_element_bool(r);
        else
            look_at(r, element);
    }
}

static void look_at(dwi_tr *r, dwi_thrift_type type)
{
    static volatile uint8_t seen; /* the bytes are read, whatever the compiler thinks */
    dwi_sv bytes;

    switch (type) {
    case DWI_THRIFT_TRUE:
    case DWI_THRIFT_FALSE:
        (void)dwi_tr_bool(r, type);
        break;
    case DWI_THRIFT_BYTE:
    case DWI_THRIFT_I16:
    case DWI_THRIFT_I32:
        (void)dwi_tr_i32(r, type);
        break;
    case DWI_THRIFT_I64:
        (void)dwi_tr_i64(r, type);
        break;
    case DWI_THRIFT_DOUBLE:
        (void)dwi_tr_double(r, type);
        break;
    case DWI_THRIFT_BINARY:
        bytes = dwi_tr_binary(r, type);
        for (size_t i = 0; i < bytes.len; i++)
            seen = (uint8_t)bytes.ptr[i];
        break;
    case DWI_THRIFT_LIST:
    case DWI_THRIFT_SET:
        look_at_list(r, type);
        break;
    case DWI_THRIFT_STRUCT:
        look_at_struct(r, type);
        break;
    default:
        dwi_tr_skip(r, type);
        break;
    }
    (void)seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t looked = 0;
    size_t skipped = 0;
    dwi_thrift_type type;
    dw_status status;
    int16_t id;
    dwi_tr r;

    dwi_tr_begin(&r, data, size);
    while (dwi_tr_field(&r, &id, &type))
        look_at(&r, type);
    status = dwi_tr_finish(&r, "fuzz", &looked, NULL);
    dwi_tr_begin(&r, data, size);
    while (dwi_tr_field(&r, &id, &type))
        dwi_tr_skip(&r, type);
    /* Looking wants numbers to fit their width, skipping wants lists not to nest too deeply. */
    if (dwi_tr_finish(&r, "fuzz", &skipped, NULL) == DW_OK && status == DW_OK &&
        (skipped != looked || looked > size))
        abort();
    return 0;
}
