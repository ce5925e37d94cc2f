/* Our stream format (firmware_bridge/STREAM.md) in portable C99: frames out, rate commands in. No heap, no clock. */

#ifndef VAGUS_STREAM_H
#define VAGUS_STREAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One frame fits one notification at the usual MTU of 247. */
#define VAGUS_FRAME_BYTES 244
#define VAGUS_HEAD_BYTES 10
#define VAGUS_CRC_BYTES 2
#define VAGUS_COMMAND_BYTES 5
/* COBS adds a byte, another for every 254, and the 00 at the end. */
#define VAGUS_STUFFED_BYTES (VAGUS_FRAME_BYTES + 3)

enum vagus_channel {
    VAGUS_ALL = 0,
    VAGUS_SKIN_CONDUCTANCE = 1, /* u16, nanosiemens */
    VAGUS_SKIN_TEMPERATURE = 2, /* i16, 1/100 degree Celsius */
    VAGUS_PULSE = 3,            /* i24, counts */
    VAGUS_MOTION = 4,           /* 3 x i16, 1/4096 g */
    VAGUS_ECG = 5               /* i24, microvolts */
};

/* Rates are in 1/32 Hz. */
#define VAGUS_HZ(hz) ((uint16_t)((hz) * 32))
#define VAGUS_RATE_STOP 0x0000
#define VAGUS_RATE_DEFAULT 0xFFFF

typedef struct {
    uint8_t bytes[VAGUS_FRAME_BYTES];
    size_t length;
} vagus_frame;

typedef struct {
    uint8_t channel;
    uint16_t rate;
} vagus_command;

/* Bytes of a serial line on their way to a command. */
typedef struct {
    uint8_t bytes[VAGUS_COMMAND_BYTES + 1];
    size_t length;
    int spilling;
} vagus_receiver;

/* CRC-16/CCITT-FALSE: polynomial 1021, start FFFF; "123456789" gives 29B1. */
uint16_t vagus_crc16(const uint8_t *bytes, size_t length);

/* Begin a frame; tick_ms is the clock at its first sample. */
void vagus_begin(vagus_frame *frame, uint8_t channel, uint16_t sequence, uint32_t tick_ms, uint16_t rate);

/* Add a sample; 0 if the frame is full. A value beyond its field's range is added as the end of the range. */
int vagus_add_u16(vagus_frame *frame, int32_t value);
int vagus_add_i16(vagus_frame *frame, int32_t value);
int vagus_add_i24(vagus_frame *frame, int32_t value);
int vagus_add_xyz(vagus_frame *frame, int32_t x, int32_t y, int32_t z);

/* How many samples the frame holds. */
uint8_t vagus_count(const vagus_frame *frame);

/* Close the frame with its checksum; its length, ready for one notification. */
size_t vagus_end(vagus_frame *frame);

/* Stuff a closed frame for a serial line, its ending 00 included; the bytes written, at most VAGUS_STUFFED_BYTES. */
size_t vagus_stuff(const vagus_frame *frame, uint8_t *out);

/* Read a command as it was written to the control characteristic; 0 if it is none. */
int vagus_read_command(const uint8_t *bytes, size_t length, vagus_command *command);

/* Take one byte of a serial line; 1 if it completes a command. Start with a receiver of zeros. */
int vagus_receive(vagus_receiver *receiver, uint8_t byte, vagus_command *command);

#ifdef __cplusplus
}
#endif

#endif
