// The board's sketch on the host: a clock, two analogue pins and a serial port that the test drives line by line.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>

static uint32_t nowUs;
static int pins[2];
enum { A0, A1 };

static uint32_t micros() { return nowUs; }
static uint32_t millis() { return nowUs / 1000; }
static int analogRead(int pin) { return pins[pin]; }

struct {
    std::deque<uint8_t> in;
    void begin(long) {}
    int available() { return int(in.size()); }
    int read() { int byte = in.front(); in.pop_front(); return byte; }
    void write(const uint8_t *bytes, size_t length) { fwrite(bytes, 1, length, stdout); }
} Serial;

#include "vagus_board.ino"

// Each line of input: microseconds to run, the two pins, and bytes to receive as hex ("-" for none).
int main() {
    setup();
    unsigned long us;
    char hex[4096];
    while (scanf("%lu %d %d %4095s", &us, &pins[A0], &pins[A1], hex) == 4) {
        std::string text(hex);
        for (size_t at = 0; text != "-" && at + 1 < text.size(); at += 2) {
            Serial.in.push_back(uint8_t(strtol(text.substr(at, 2).c_str(), nullptr, 16)));
        }
        for (const uint32_t end = nowUs + uint32_t(us); nowUs != end; nowUs += 250) loop();
    }
}
