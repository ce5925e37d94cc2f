/* Reference board: skin conductance (Grove GSR) and pulse wave (analogue sensor) on an ESP32 or any Arduino.
 *
 * Streams over the serial port at 115200 baud, and over Bluetooth LE on an ESP32; obeys rate commands on both.
 * Wiring: Grove GSR to SKIN_PIN, pulse sensor to PULSE_PIN, both at 3.3 V.
 */

#include "src/vagus_stream.h"

#if defined(ESP32)
#define SKIN_PIN 34
#define PULSE_PIN 35
#define ADC_BITS 12
#include <BLE2902.h>
#include <BLEDevice.h>
#else
#define SKIN_PIN A0
#define PULSE_PIN A1
#define ADC_BITS 10
#endif

/* A quarter of a second of pulse wave in a frame, a second of skin conductance. */
struct Line {
  uint8_t channel;
  uint16_t usualRate;
  /* Asked for, on an ESP32 by another task than the one that samples, which takes it up at its next turn. */
  volatile uint16_t wantedRate;
  uint16_t rate;
  uint8_t samplesAFrame;
  uint16_t sequence;
  uint32_t nextUs;
  vagus_frame frame;
};

static Line lines[] = {
  {VAGUS_PULSE, VAGUS_HZ(64), VAGUS_HZ(64), VAGUS_RATE_STOP, 16, 0, 0, {}},
  {VAGUS_SKIN_CONDUCTANCE, VAGUS_HZ(4), VAGUS_HZ(4), VAGUS_RATE_STOP, 4, 0, 0, {}},
};

static vagus_receiver receiver;

/* Seeed's formula ohm = (1024 + 2 r) * 10000 / (512 - r) for a 10-bit r, turned into nanosiemens; 0 without contact. */
static int32_t skinNanosiemens() {
  const float r = analogRead(SKIN_PIN) / float(1 << (ADC_BITS - 10));
  return r >= 512 ? 0 : int32_t(1e9f * (512 - r) / ((1024 + 2 * r) * 10000) + 0.5f);
}

static int32_t pulseCounts() {
  return analogRead(PULSE_PIN);
}

static void obey(const vagus_command &command) {
  for (Line &line : lines) {
    if (command.channel == VAGUS_ALL || command.channel == line.channel) {
      const uint16_t rate = command.rate == VAGUS_RATE_DEFAULT ? line.usualRate : command.rate;
      /* Faster than usual is more than the sensors are good for; the old rate stays, as STREAM.md says. */
      if (rate <= line.usualRate) line.wantedRate = rate;
    }
  }
}

#if defined(ESP32)
static BLECharacteristic *stream;

class Control : public BLECharacteristicCallbacks {
  void onWrite(BLECharacteristic *written) override {
    vagus_command command;
    if (vagus_read_command(written->getData(), written->getLength(), &command)) obey(command);
  }
};

class Server : public BLEServerCallbacks {
  void onDisconnect(BLEServer *) override {
    BLEDevice::startAdvertising();
  }
};

static void startBluetooth() {
  BLEDevice::init("Vagus board");
  BLEDevice::setMTU(247);
  BLEServer *server = BLEDevice::createServer();
  server->setCallbacks(new Server());
  BLEService *service = server->createService("43740001-c3e2-4296-85d5-b40c7139866e");
  stream = service->createCharacteristic("43740002-c3e2-4296-85d5-b40c7139866e", BLECharacteristic::PROPERTY_NOTIFY);
  stream->addDescriptor(new BLE2902());
  service->createCharacteristic("43740003-c3e2-4296-85d5-b40c7139866e", BLECharacteristic::PROPERTY_WRITE)
    ->setCallbacks(new Control());
  service->start();
  BLEDevice::getAdvertising()->addServiceUUID("43740001-c3e2-4296-85d5-b40c7139866e");
  BLEDevice::startAdvertising();
}

static void notify(vagus_frame &frame) {
  stream->setValue(frame.bytes, frame.length);
  stream->notify();
}
#else
static void startBluetooth() {}
static void notify(vagus_frame &) {}
#endif

static void sendFrame(Line &line) {
  uint8_t stuffed[VAGUS_STUFFED_BYTES];
  vagus_end(&line.frame);
  Serial.write(stuffed, vagus_stuff(&line.frame, stuffed));
  notify(line.frame);
  line.frame.length = 0;
  line.sequence++;
}

/* What was taken at the old rate goes out first: a frame has one rate, and no sample is to be lost unseen. */
static void restart(Line &line) {
  if (line.frame.length != 0) sendFrame(line);
  line.rate = line.wantedRate;
  line.nextUs = micros();
}

static void sample(Line &line) {
  if (line.frame.length == 0) vagus_begin(&line.frame, line.channel, line.sequence, millis(), line.rate);
  if (line.channel == VAGUS_PULSE) {
    vagus_add_i24(&line.frame, pulseCounts());
  } else {
    vagus_add_u16(&line.frame, skinNanosiemens());
  }
  if (vagus_count(&line.frame) == line.samplesAFrame) sendFrame(line);
}

void setup() {
  Serial.begin(115200);
#if defined(ESP32)
  analogReadResolution(ADC_BITS);
#endif
  startBluetooth();
}

void loop() {
  while (Serial.available() > 0) {
    vagus_command command;
    if (vagus_receive(&receiver, uint8_t(Serial.read()), &command)) obey(command);
  }
  for (Line &line : lines) {
    if (line.rate != line.wantedRate) restart(line);
    /* The difference is signed, so that the clock may wrap. */
    if (line.rate != VAGUS_RATE_STOP && int32_t(micros() - line.nextUs) >= 0) {
      line.nextUs += 32000000UL / line.rate;
      sample(line);
    }
  }
}
