/* Our stream format in portable C99; see vagus_stream.h for the contract of each function. */

#include "vagus_stream.h"

#include <string.h>

#define COMMAND_BIT 0x80
#define COUNT_AT 9

uint16_t vagus_crc16(const uint8_t *bytes, size_t length)
{
    uint16_t crc = 0xFFFF;
    for (size_t at = 0; at < length; at++) {
        crc ^= (uint16_t)((uint16_t)bytes[at] << 8);
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
        }
    }
    return crc;
}

static void put(uint8_t *bytes, uint32_t value, int size)
{
    for (int at = 0; at < size; at++) {
        bytes[at] = (uint8_t)(value >> (8 * at));
    }
}

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

void vagus_begin(vagus_frame *frame, uint8_t channel, uint16_t sequence, uint32_t tick_ms, uint16_t rate)
{
    frame->bytes[0] = channel;
    put(frame->bytes + 1, sequence, 2);
    put(frame->bytes + 3, tick_ms, 4);
    put(frame->bytes + 7, rate, 2);
    frame->bytes[COUNT_AT] = 0;
    frame->length = VAGUS_HEAD_BYTES;
}

static int has_room(const vagus_frame *frame, size_t size)
{
    return frame->length + size + VAGUS_CRC_BYTES <= VAGUS_FRAME_BYTES && frame->bytes[COUNT_AT] < 255;
}

static void append(vagus_frame *frame, int32_t value, int size)
{
    put(frame->bytes + frame->length, (uint32_t)value, size);
    frame->length += (size_t)size;
}

static int add(vagus_frame *frame, int32_t value, int size)
{
    if (!has_room(frame, (size_t)size)) {
        return 0;
    }
    append(frame, value, size);
    frame->bytes[COUNT_AT]++;
    return 1;
}

int vagus_add_u16(vagus_frame *frame, int32_t value)
{
    return add(frame, clamp(value, 0, 65535), 2);
}

int vagus_add_i16(vagus_frame *frame, int32_t value)
{
    return add(frame, clamp(value, -32768, 32767), 2);
}

int vagus_add_i24(vagus_frame *frame, int32_t value)
{
    return add(frame, clamp(value, -8388608, 8388607), 3);
}

int vagus_add_xyz(vagus_frame *frame, int32_t x, int32_t y, int32_t z)
{
    if (!has_room(frame, 6)) {
        return 0;
    }
    append(frame, clamp(x, -32768, 32767), 2);
    append(frame, clamp(y, -32768, 32767), 2);
    append(frame, clamp(z, -32768, 32767), 2);
    frame->bytes[COUNT_AT]++;
    return 1;
}

uint8_t vagus_count(const vagus_frame *frame)
{
    return frame->bytes[COUNT_AT];
}

size_t vagus_end(vagus_frame *frame)
{
    put(frame->bytes + frame->length, vagus_crc16(frame->bytes, frame->length), VAGUS_CRC_BYTES);
    frame->length += VAGUS_CRC_BYTES;
    return frame->length;
}

size_t vagus_stuff(const vagus_frame *frame, uint8_t *out)
{
    size_t code_at = 0, to = 1;
    /* A frame is shorter than 254 bytes, so no run needs a second code byte. */
    for (size_t from = 0; from < frame->length; from++) {
        if (frame->bytes[from] == 0) {
            out[code_at] = (uint8_t)(to - code_at);
            code_at = to++;
        } else {
            out[to++] = frame->bytes[from];
        }
    }
    out[code_at] = (uint8_t)(to - code_at);
    out[to++] = 0;
    return to;
}

int vagus_read_command(const uint8_t *bytes, size_t length, vagus_command *command)
{
    if (length != VAGUS_COMMAND_BYTES || !(bytes[0] & COMMAND_BIT)) {
        return 0;
    }
    if (vagus_crc16(bytes, 3) != (uint16_t)(bytes[3] | bytes[4] << 8)) {
        return 0;
    }
    command->channel = (uint8_t)(bytes[0] & ~COMMAND_BIT);
    command->rate = (uint16_t)(bytes[1] | bytes[2] << 8);
    return 1;
}

static int unstuff(const uint8_t *in, size_t length, uint8_t *out, size_t *written)
{
    size_t from = 0, to = 0;
    while (from < length) {
        size_t run = in[from++];
        if (run == 0 || from + run - 1 > length) {
            return 0;
        }
        memcpy(out + to, in + from, run - 1);
        to += run - 1;
        from += run - 1;
        if (from < length) {
            out[to++] = 0;
        }
    }
    *written = to;
    return 1;
}

int vagus_receive(vagus_receiver *receiver, uint8_t byte, vagus_command *command)
{
    if (byte != 0) {
        if (receiver->length == sizeof receiver->bytes) {
            receiver->spilling = 1;
        } else {
            receiver->bytes[receiver->length++] = byte;
        }
        return 0;
    }
    uint8_t plain[sizeof receiver->bytes];
    size_t length = 0;
    int whole = !receiver->spilling && unstuff(receiver->bytes, receiver->length, plain, &length);
    receiver->length = 0;
    receiver->spilling = 0;
    return whole && vagus_read_command(plain, length, command);
}
