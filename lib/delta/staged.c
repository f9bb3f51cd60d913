/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/staged.h"

#include "delta/properties.h"

dwi_isolation dwi_staged_isolation(const dwi_staged *staged, const dwi_state *state)
{
    dwi_sv level = dwi_state_property(state, "delta.isolationLevel");

    if (staged->rearranges && staged->metadata == NULL && staged->protocol == NULL)
        return DWI_SNAPSHOT_ISOLATION;
    if (level.ptr != NULL && dwi_sv_eq_nocase(level, DWI_SV("WriteSerializable")))
        return DWI_WRITE_SERIALIZABLE;
    return DWI_SERIALIZABLE;
}

const char *dwi_isolation_name(dwi_isolation isolation)
{
    switch (isolation) {
    case DWI_SNAPSHOT_ISOLATION:
        return "SnapshotIsolation";
    case DWI_WRITE_SERIALIZABLE:
        return "WriteSerializable";
    case DWI_SERIALIZABLE:
        break;
    }
    return "Serializable";
}

bool dwi_staged_is_blind_append(const dwi_staged *staged)
{
    return staged->reads.kind == DWI_READ_NOTHING && staged->reads.files.count == 0 &&
           staged->n_removes == 0;
}

bool dwi_staged_must_see_winners(const dwi_staged *staged)
{
    return !dwi_staged_is_blind_append(staged) || staged->metadata != NULL ||
           staged->protocol != NULL || staged->n_domains > 0;
}

void dwi_remove_of(const dwi_add *add, dwi_remove *out)
{
    *out = (dwi_remove){
        .path = add->path,
        .deletion_timestamp = -1,
        .extended_file_metadata = 1,
        .has_partition_values = true,
        .partition_values = add->partition_values,
        .size = add->size,
        .has_tags = add->has_tags,
        .tags = add->tags,
        .dv = add->dv,
        .base_row_id = add->base_row_id,
        .default_row_commit_version = add->default_row_commit_version,
    };
}
