/* SPDX-License-Identifier: Apache-2.0 */
/* What the actors of a world do: logical operations on one table, by the public functions where
 * there are such, else by what they will be made of. */
#ifndef DWT_SIM_ACTOR_H
#define DWT_SIM_ACTOR_H

#include "sim_model.h"

typedef struct sim_play {
    sim *world;
    sim_op ops[SIM_OPS];
    int n_ops;
    bool serializable;
    bool partitioned; /* by p: a, b or null */
} sim_play;

/* Makes the table and the actors' own parts. */
void sim_play_begin(sim_play *play, sim *s);
void sim_play_end(sim_play *play);

/* One turn of an actor; false: it has come to its end. */
bool sim_act(sim_actor *a);

#endif
