/* SPDX-License-Identifier: MIT */
/*
 * world.h: what is around the network stack on the host: a clock that only moves
 * when it is told, timers, memory that is counted, and a card whose frames go
 * where the test wants.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks.h"
#include "packet.h"

#define MS 1000000ull
#define SECONDS (1000 * MS)

extern const uint8_t our_card[6];
extern uint64_t now;

/* What is done with a frame that the stack sends. */
extern void (*on_transmit)(const uint8_t *frame, size_t len);

/* Told of each frame that comes, if not null. */
extern void (*on_deliver)(const uint8_t *frame, size_t len);

/* A frame comes to the card now. With `at_end`, it ends where its buffer does, so that the sanitizer sees it if anybody
 * reads on. */
extern bool at_end;
void deliver(const uint8_t *frame, size_t len);

/* Runs what is due until the time has passed: timers, work, and frames on the wire. */
void pass(uint64_t ns);

/* Has a frame come after a while. */
void deliver_after(uint64_t ns, const uint8_t *frame, size_t len);

/* Starts the stack with the static address 10.0.0.1/24 and gateway 10.0.0.254. */
void start_world(void);

/* What is held: packets, and objects of all pools. And refusing to give packets, as if memory were out. */
extern unsigned packets_held, objects_held;
extern bool no_memory;

#endif
