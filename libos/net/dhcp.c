/* SPDX-License-Identifier: MIT */
/*
 * dhcp.c: an address from the network (RFC 2131, RFC 2132), and keeping it.
 *
 * The states of section 4.4, figure 5, without INIT-REBOOT. The offered address
 * is not probed by ARP before it is used (a SHOULD of section 2.2): a guest would
 * lose a second at each boot.
 */
#include "dhcp.h"

#include <string.h>

#include "clock.h"
#include "entropy.h"
#include "ethernet.h"
#include "net.h"
#include "udp.h"
#include "wire.h"

#define SECOND 1000000000ull

enum {
    CLIENT_PORT = WIRE16(68),
    SERVER_PORT = WIRE16(67),
    BROADCAST = WIRE16(0x8000),
    COOKIE = WIRE32(0x63825363)
};
enum { REQUEST = 1, REPLY = 2, HARDWARE_ETHERNET = 1 };

/* RFC 2132 */
enum option {
    PAD = 0,
    MASK = 1,
    ROUTER = 3,
    NAME_SERVER = 6,
    REQUESTED_ADDRESS = 50,
    LEASE_TIME = 51,
    MESSAGE_TYPE = 53,
    SERVER = 54,
    WANTED = 55,
    RENEWAL_TIME = 58,
    REBINDING_TIME = 59,
    END = 255
};
enum message_type { DISCOVER = 1, OFFER = 2, DHCP_REQUEST = 3, ACK = 5, NAK = 6 };

struct message {
    uint8_t operation, hardware, hardware_length, hops;
    uint32_t transaction;
    uint16_t seconds, flags;
    uint32_t client, yours, server, relay;
    uint8_t hardware_address[16], name[64], file[128];
    uint32_t cookie;
    uint8_t options[312];
} PACKED;

/* What a server's message says. */
struct terms {
    uint8_t type;
    uint32_t address, mask, router, name_server, server;
    uint32_t lease, renewal, rebinding; /* seconds */
};

static enum { SELECTING, REQUESTING, BOUND, RENEWING, REBINDING } state;
static struct udp *udp;
static struct timer timer;
static uint32_t transaction;
static unsigned attempts;
static struct terms offer;                      /* asked for, or held */
static uint64_t renewal_at, rebinding_at, ends; /* monotonic nanoseconds */

/* ---- messages ------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, uint8_t option, const void *value, uint8_t len)
{
    at[0] = option;
    at[1] = len;
    memcpy(at + 2, value, len);
    return at + 2 + len;
}

static void send(uint8_t type)
{
    static const uint8_t wanted[] = {MASK, ROUTER, NAME_SERVER, RENEWAL_TIME, REBINDING_TIME};
    bool holds = state == RENEWING || state == REBINDING;
    struct message message = {.operation = REQUEST,
                              .hardware = HARDWARE_ETHERNET,
                              .hardware_length = ETHERNET_ADDRESS,
                              .transaction = transaction,
                              .flags = holds ? 0 : BROADCAST,
                              .client = holds ? offer.address : 0,
                              .cookie = COOKIE};
    struct endpoint to = {state == RENEWING ? offer.server : WIRE32(0xffffffff), SERVER_PORT};
    struct iovec vec = {&message, sizeof message};
    uint8_t *at = message.options;

    memcpy(message.hardware_address, ethernet_card->address, ETHERNET_ADDRESS);
    at = put(at, MESSAGE_TYPE, &type, sizeof type);
    if (state == REQUESTING) {
        at = put(at, REQUESTED_ADDRESS, &offer.address, sizeof offer.address);
        at = put(at, SERVER, &offer.server, sizeof offer.server);
    }
    at = put(at, WANTED, wanted, sizeof wanted);
    *at = END;
    udp_send(udp, &vec, 1, &to);
}

static uint32_t number(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

/* Reads a message of `len` bytes; false if it is none for this transaction. */
static bool read(const struct message *message, size_t len, struct terms *terms)
{
    const uint8_t *at = message->options, *end = (const uint8_t *)message + len;

    if (len < sizeof *message - sizeof message->options || message->operation != REPLY ||
        message->transaction != transaction || message->cookie != COOKIE ||
        memcmp(message->hardware_address, ethernet_card->address, ETHERNET_ADDRESS) != 0)
        return false;
    *terms = (struct terms){.address = message->yours};
    while (at < end && *at != END) {
        if (*at == PAD) {
            at++;
            continue;
        }
        if (end - at < 2 || end - at < 2 + at[1])
            return false;
        uint32_t value = at[1] >= 4 ? number(at + 2) : 0;
        switch (*at) {
        case MESSAGE_TYPE:
            terms->type = at[1] ? at[2] : 0;
            break;
        case MASK:
            terms->mask = value;
            break;
        case ROUTER:
            terms->router = value;
            break;
        case NAME_SERVER:
            terms->name_server = value;
            break;
        case SERVER:
            terms->server = value;
            break;
        case LEASE_TIME:
            terms->lease = be32toh(value);
            break;
        case RENEWAL_TIME:
            terms->renewal = be32toh(value);
            break;
        case REBINDING_TIME:
            terms->rebinding = be32toh(value);
            break;
        }
        at += 2 + at[1];
    }
    return true;
}

/* ---- states --------------------------------------------------------------- */

static void restart(void)
{
    state = SELECTING;
    attempts = 0;
    entropy_fill(&transaction, sizeof transaction);
    send(DISCOVER);
    timer_set(&timer, clock_monotonic() + SECOND);
}

/* RFC 2131, section 4.4.5: T1 and T2 are half and seven eighths of the lease unless the server says otherwise. */
static void bind(const struct terms *terms)
{
    uint64_t now = clock_monotonic(), lease = terms->lease;
    uint64_t rebinding = terms->rebinding && terms->rebinding < lease ? terms->rebinding : lease * 7 / 8;
    uint64_t renewal = terms->renewal && terms->renewal < rebinding ? terms->renewal : lease / 2;
    struct net_config config = {terms->address, terms->mask ? terms->mask : WIRE32(0xffffff00), terms->router,
                                terms->name_server};
    bool new = memcmp(&config, &net_config, sizeof config) != 0;

    offer = *terms;
    state = BOUND;
    attempts = 0;
    renewal_at = now + renewal * SECOND;
    rebinding_at = now + rebinding * SECOND;
    ends = now + lease * SECOND;
    net_config = config;
    if (new)
        net_settle();
    timer_set(&timer, renewal_at);
}

static void lose(void)
{
    net_config = (struct net_config){0};
    net_settle();
    restart();
}

static void came(struct udp *self)
{
    struct message message;
    struct iovec vec = {&message, sizeof message};
    struct terms terms;

    for (long len; (len = udp_receive(self, &vec, 1, 0, false)) >= 0;) {
        size_t stored = (size_t)len < sizeof message ? (size_t)len : sizeof message;

        if (!read(&message, stored, &terms) || state == BOUND)
            continue;
        if (state == SELECTING && terms.type == OFFER && terms.address && terms.server) {
            offer = terms;
            state = REQUESTING;
            attempts = 0;
            send(DHCP_REQUEST);
            timer_set(&timer, clock_monotonic() + SECOND);
        } else if (state != SELECTING && terms.type == ACK && terms.address && terms.lease) {
            terms.server = terms.server ? terms.server : offer.server;
            bind(&terms);
        } else if (state != SELECTING && terms.type == NAK) {
            lose();
        }
    }
}

/* Asks again: after 1, 2, 4, ... 64 seconds for a first address (section 4.1), and while it holds one after half of the
 * time that is left, but at least a minute. */
static void look(struct timer *self)
{
    uint64_t now = clock_monotonic();

    if (state < BOUND) {
        if (++attempts == 4)
            net_settle();
        if (attempts == 4 && state == REQUESTING) {
            restart();
            return;
        }
        send(state == SELECTING ? DISCOVER : DHCP_REQUEST);
        timer_set(self, now + (SECOND << (attempts < 6 ? attempts : 6)));
        return;
    }
    if (now >= ends) {
        lose();
        return;
    }
    state = now >= rebinding_at ? REBINDING : RENEWING;
    uint64_t until = state == RENEWING ? rebinding_at : ends, pause = (until - now) / 2;
    send(DHCP_REQUEST);
    timer_set(self, pause > 60 * SECOND ? now + pause : until < now + 60 * SECOND ? until : now + 60 * SECOND);
}

void dhcp_start(void)
{
    udp = udp_open();
    if (!udp || udp_bind(udp, (struct endpoint){0, CLIENT_PORT}, false) < 0) {
        net_settle();
        return;
    }
    udp->broadcast = true;
    udp->changed = came;
    timer.run = look;
    restart();
}
