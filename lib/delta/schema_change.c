/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/schema_change.h"

#include <stdio.h>

#include "delta/create_schema.h"
#include "delta/properties.h"

/* Where we are, for messages. */
typedef struct place {
    const struct place *up;
    dwi_sv name;
} place;

enum { PLACE_BYTES = 300 }; /* longer paths are cut, in messages only */

static size_t place_append(const place *at, char *out, size_t used)
{
    int written;

    if (at == NULL || at->name.len == 0)
        return used;
    used = place_append(at->up, out, used);
    written = snprintf(out + used, PLACE_BYTES - used, "%s%.*s", used > 0 ? "." : "",
                       DWI_SV_ARG(at->name));
    if (written < 0)
        return used;
    return (size_t)written < PLACE_BYTES - used ? used + (size_t)written : PLACE_BYTES - 1;
}

static dw_status fail(const place *at, const char *reason, dw_error *err)
{
    char path[PLACE_BYTES] = "";

    (void)place_append(at, path, 0);
    return dwi_err(err, DW_E_SCHEMA, "column %s: %s", path, reason);
}

/* A copy of the type with room for `more` fields; NULL when out of memory. */
static dwi_type *own_copy(dwi_arena *arena, const dwi_type *type, size_t more,
                          dwi_field **out_fields)
{
    dwi_type *copy = dwi_arena_dup(arena, type, sizeof(*type));
    dwi_field *fields = dwi_arena_array(arena, type->n_fields + more, sizeof(*fields));

    if (copy == NULL || fields == NULL)
        return NULL;
    if (type->n_fields > 0)
        memcpy(fields, type->fields, type->n_fields * sizeof(*fields));
    copy->fields = fields;
    *out_fields = fields;
    return copy;
}

typedef struct merger {
    dwi_arena *arena;
    dwi_mapping_mode mode;
    dw_error *err;
} merger;

static dw_status merge(const merger *m, const dwi_type *have, const dwi_type *wanted,
                       const place *at, const dwi_type **out);

static dw_status check_names(const merger *m, const dwi_type *type)
{
    dw_status status = DW_OK;

    for (size_t i = 0; i < type->n_fields; i++) {
        if (type->kind == DWI_STRUCT)
            DWI_TRY(dwi_create_check_name(type->fields[i].name, m->mode, m->err));
        DWI_TRY(check_names(m, type->fields[i].type));
    }
done:
    return status;
}

static dw_status add_field(const merger *m, const dwi_field *field, const place *at, dwi_field *out)
{
    const dwi_type of_one = {.kind = DWI_STRUCT, .n_fields = 1, .fields = field};
    const dwi_type *plain;
    dw_status status;

    if (!field->nullable)
        return fail(at, "a new column must be nullable", m->err);
    DWI_TRY(check_names(m, &of_one));
    DWI_TRY(dwi_mapping_strip(m->arena, &of_one, &plain, m->err));
    if (!dwi_type_copy_field(m->arena, &plain->fields[0], out))
        return dwi_err_nomem(m->err);
done:
    return status;
}

static dw_status merge_struct(const merger *m, const dwi_type *have, const dwi_type *wanted,
                              const place *at, const dwi_type **out)
{
    dwi_field *fields;
    dwi_type *made = own_copy(m->arena, have, wanted->n_fields, &fields);
    bool changed = false;
    dw_status status = DW_OK;

    if (made == NULL)
        return dwi_err_nomem(m->err);
    for (size_t i = 0; i < wanted->n_fields; i++) {
        const dwi_field *field = &wanted->fields[i];
        place below = {at, field->name};
        int found = dwi_type_find(made, field->name);
        const dwi_type *merged;
        if (found < 0) {
            DWI_TRY(add_field(m, field, &below, &fields[made->n_fields]));
            made->n_fields++;
            changed = true;
            continue;
        }
        DWI_TRY(merge(m, fields[found].type, field->type, &below, &merged));
        changed = changed || merged != fields[found].type;
        fields[found].type = merged;
    }
    *out = changed ? made : have;
done:
    return status;
}

/* The parts of arrays and maps go by place. */
static dw_status merge_parts(const merger *m, const dwi_type *have, const dwi_type *wanted,
                             const place *at, const dwi_type **out)
{
    dwi_field *fields;
    dwi_type *made = own_copy(m->arena, have, 0, &fields);
    bool changed = false;
    dw_status status = DW_OK;

    if (made == NULL)
        return dwi_err_nomem(m->err);
    for (size_t i = 0; i < have->n_fields; i++) {
        place below = {at, have->fields[i].name};
        DWI_TRY(merge(m, have->fields[i].type, wanted->fields[i].type, &below, &fields[i].type));
        changed = changed || fields[i].type != have->fields[i].type;
    }
    *out = changed ? made : have;
done:
    return status;
}

static dw_status merge(const merger *m, const dwi_type *have, const dwi_type *wanted,
                       const place *at, const dwi_type **out)
{
    *out = have;
    if (have->kind == wanted->kind && !have->variant && !wanted->variant) {
        if (have->kind == DWI_STRUCT)
            return merge_struct(m, have, wanted, at, out);
        if (have->kind == DWI_ARRAY || have->kind == DWI_MAP)
            return merge_parts(m, have, wanted, at, out);
    }
    if (!dwi_type_equal_values(have, wanted))
        return fail(at, "it exists with another type", m->err);
    return DW_OK;
}

dw_status dwi_schema_merge(dwi_arena *arena, const dwi_type *have, const dwi_type *wanted,
                           dwi_mapping_mode mode, const dwi_type **out, dw_error *err)
{
    const merger m = {arena, mode, err};
    place top = {0};

    return merge(&m, have, wanted, &top, out);
}

typedef struct relaxer {
    dwi_arena *arena;
    dwi_sv whole; /* for messages */
    char *name;   /* room for one */
    dw_error *err;
} relaxer;

static dw_status relax(const relaxer *r, const dwi_type *have, dwi_sv path, const dwi_type **out)
{
    dwi_field *fields;
    dwi_type *made;
    const dwi_type *below;
    size_t len;
    dw_status status = DW_OK;
    int at = -1;

    if (!dwi_property_path_name(&path, r->name, &len))
        return dwi_err(r->err, DW_E_ARG, "column %.*s: not a path of names", DWI_SV_ARG(r->whole));
    if (!have->variant)
        at = dwi_type_find(have, (dwi_sv){r->name, len});
    if (at < 0)
        return dwi_err(r->err, DW_E_NOT_FOUND, "column %.*s: the table has none of this name",
                       DWI_SV_ARG(r->whole));
    if (have->kind == DWI_MAP && at == 0 && path.ptr == NULL)
        return dwi_err(r->err, DW_E_ARG, "column %.*s: the key of a map is never null",
                       DWI_SV_ARG(r->whole));
    below = have->fields[at].type;
    if (path.ptr != NULL)
        DWI_TRY(relax(r, below, path, &below));
    *out = have;
    if (path.ptr != NULL ? below == have->fields[at].type : have->fields[at].nullable)
        return DW_OK;
    made = own_copy(r->arena, have, 0, &fields);
    if (made == NULL)
        return dwi_err_nomem(r->err);
    fields[at].type = below;
    fields[at].nullable = fields[at].nullable || path.ptr == NULL;
    *out = made;
done:
    return status;
}

dw_status dwi_schema_relax(dwi_arena *arena, const dwi_type *have, dwi_sv path,
                           const dwi_type **out, dw_error *err)
{
    relaxer r = {arena, path, dwi_arena_alloc(arena, path.len), err};

    return r.name == NULL ? dwi_err_nomem(err) : relax(&r, have, path, out);
}
