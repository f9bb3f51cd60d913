/* SPDX-License-Identifier: Apache-2.0 */
/* The serial model: the commits of a world replayed one after the other, each against what its
 * operation was to do and against what its writer was told. */
#ifndef DWT_SIM_MODEL_H
#define DWT_SIM_MODEL_H

#include "sim_world.h"

enum { SIM_OPS = 1024, SIM_APPS = 3, SIM_COLUMNS = 5 };

/* Every operation says in commitInfo.userMetadata which one it is: "o17." */
typedef enum sim_kind {
    SIM_APPEND = 0, /* rows, perhaps new columns, perhaps a step of an application id */
    SIM_OPTIMIZE,   /* some files become one, no row changes */
    SIM_DELETE,     /* one file goes */
    SIM_OVERWRITE,  /* reads all, all files go, one comes */
    SIM_COUNT,      /* reads all, adds one file with as many rows as there are files, and one */
    SIM_DROP,       /* reads one partition, all its files go */
    SIM_PROPERTY,   /* the property "counter" becomes one more than was read */
    SIM_N_KINDS
} sim_kind;

typedef enum sim_told { SIM_NO = 0, SIM_YES = 1, SIM_MAYBE = 2 } sim_told;

typedef struct sim_op {
    sim_kind kind;
    sim_told told;    /* by its last call */
    int64_t rows;     /* APPEND: staged */
    unsigned columns; /* APPEND: bits of those that its rows have values in */
    bool something;   /* APPEND: there is more to it than columns */
    char partition;   /* DROP */
} sim_op;

typedef struct sim_sums {
    int64_t commits;
    int64_t told[3];
    int64_t kinds[SIM_N_KINDS]; /* commits of each */
    int64_t requests;
    int64_t crashes;
    int64_t cleaned; /* commits that log cleanup took */
    int64_t dead;
    int64_t checksums; /* .crc files that are right */
    int64_t rebased;   /* commits that built on a later version than was read */
} sim_sums;

/* Ends the program by sim_fail() unless the world's log is what a serial execution makes. */
void sim_check(sim *s, const sim_op *ops, int n_ops, bool serializable, sim_sums *sums);

#endif
