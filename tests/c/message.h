/* A copy of a message that a peer has received: a packet is lent only until the next call on its peer. */

#ifndef MESSAGE_H
#define MESSAGE_H

#include "program.h"

#include <wspeer.h>

struct message {
    uint8_t *data;
    size_t length;
    size_t capacity;
    wsp_write_mode mode;
};

/* Copies the next message, with a NUL after it. Returns false if none is queued. */
static inline bool take_message(wsp_peer *peer, struct message *message)
{
    const uint8_t *data;
    size_t length;

    if (wsp_peer_get_packet(peer, &data, &length) != WSP_OK) {
        return false;
    }
    if (length >= message->capacity) {
        message->capacity = length + 1;
        message->data = (uint8_t *)grown(message->data, message->capacity);
    }
    memcpy(message->data, data, length);
    message->data[length] = 0;
    message->length = length;
    message->mode = wsp_peer_was_string_packet(peer) ? WSP_WRITE_MODE_TEXT : WSP_WRITE_MODE_BINARY;
    return true;
}

/* Sends a copy back. */
static inline wsp_error send_message(wsp_peer *peer, const struct message *message)
{
    return wsp_peer_send(peer, message->data, message->length, message->mode);
}

#endif
