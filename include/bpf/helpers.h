// The helpers a program may call. Made from the tables in Sources/Helpers; do not change by hand.
//
// A helper is a function at a constant address, its number: compilers make one call instruction of it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef ptrdiff_t ssize_t;

/// Physical values: each is val times 10 to the power of scale.
typedef struct {
  int16_t val[3];
  uint8_t unit;
  int8_t scale;
} phydat_t;

/// A sensor or an actuator. Programs have handles of them; there is nothing behind that they could read.
typedef struct bpf_saul_reg bpf_saul_reg_t;

/// What r1 points to in a program that answers CoAP requests.
typedef struct {
  /// The packet, a bpf_coap_packet_t.
  void *pkt;
  /// The request at first; the response is built over it.
  uint8_t *buf;
  /// Bytes the buffer has, at least as many as the request.
  size_t buf_len;
} bpf_coap_ctx_t;

/// A CoAP packet that is read or built. Addresses have 32 bits.
typedef struct {
  /// The header.
  uint32_t hdr_p;
  /// Where the payload starts, or the next option of a response.
  uint32_t payload_p;
  /// The token, behind the header.
  uint32_t token_p;
  /// Bytes of the request's payload; of a response those that are left in the buffer.
  uint16_t payload_len;
  /// Options of the response so far.
  uint16_t options_len;
} bpf_coap_packet_t;

/// For bpf_coap_opt_finish: a payload follows.
#define COAP_OPT_FINISH_PAYLOAD (0x0001)

/// What a sensor or an actuator is.
enum {
  SAUL_ACT_ANY = 0x40,
  SAUL_ACT_LED_RGB = 0x41,
  SAUL_ACT_SERVO = 0x42,
  SAUL_ACT_MOTOR = 0x43,
  SAUL_ACT_SWITCH = 0x44,
  SAUL_ACT_DIMMER = 0x45,
  SAUL_SENSE_ANY = 0x80,
  SAUL_SENSE_BTN = 0x81,
  SAUL_SENSE_TEMP = 0x82,
  SAUL_SENSE_HUM = 0x83,
  SAUL_SENSE_LIGHT = 0x84,
  SAUL_SENSE_SOUND = 0x85,
  SAUL_SENSE_ACCEL = 0x86,
  SAUL_SENSE_MAG = 0x87,
  SAUL_SENSE_GYRO = 0x88,
  SAUL_SENSE_COLOR = 0x89,
  SAUL_SENSE_PRESS = 0x8a,
  SAUL_SENSE_ANALOG = 0x8b,
  SAUL_SENSE_UV = 0x8c,
  SAUL_SENSE_OBJTEMP = 0x8d,
  SAUL_SENSE_COUNT = 0x8e,
  SAUL_SENSE_DISTANCE = 0x8f,
  SAUL_SENSE_CO2 = 0x90,
  SAUL_SENSE_TVOC = 0x91,
  SAUL_SENSE_GAS = 0x92,
  SAUL_SENSE_OCCUP = 0x93,
  SAUL_SENSE_PROXIMITY = 0x94,
  SAUL_SENSE_RSSI = 0x95,
  SAUL_SENSE_CHARGE = 0x96,
  SAUL_SENSE_CURRENT = 0x97,
  SAUL_SENSE_PM = 0x98,
  SAUL_SENSE_CAPACITANCE = 0x99,
  SAUL_SENSE_VOLTAGE = 0x9a,
  SAUL_SENSE_PH = 0x9b,
  SAUL_SENSE_POWER = 0x9c,
  SAUL_SENSE_SIZE = 0x9d,
};

/// Units of physical values.
enum {
  UNIT_UNDEF = 0x0,
  UNIT_NONE = 0x1,
  UNIT_TEMP_C = 0x2,
  UNIT_TEMP_F = 0x3,
  UNIT_TEMP_K = 0x4,
  UNIT_LUX = 0x5,
  UNIT_M = 0x6,
  UNIT_M2 = 0x7,
  UNIT_M3 = 0x8,
  UNIT_G_FORCE = 0x9,
  UNIT_DPS = 0xa,
  UNIT_GRAM = 0xb,
  UNIT_A = 0xc,
  UNIT_V = 0xd,
  UNIT_W = 0xe,
  UNIT_GAUSS = 0xf,
  UNIT_T = 0x10,
  UNIT_DBM = 0x11,
  UNIT_DB = 0x12,
  UNIT_COULOMB = 0x13,
  UNIT_F = 0x14,
  UNIT_OHM = 0x15,
  UNIT_PH = 0x16,
  UNIT_BAR = 0x17,
  UNIT_PA = 0x18,
  UNIT_CD = 0x19,
  UNIT_BOOL = 0x1a,
  UNIT_CTS = 0x1b,
  UNIT_PERCENT = 0x1c,
  UNIT_PERMILL = 0x1d,
  UNIT_PPM = 0x1e,
  UNIT_PPB = 0x1f,
  UNIT_TIME = 0x20,
  UNIT_DATE = 0x21,
  UNIT_GPM3 = 0x22,
  UNIT_CPM3 = 0x23,
};

/// Prints on the device's console: up to four values by %d %i %u %x %X %c %s %p %%. Returns 0.
static void *_Nullable (*_Nonnull const bpf_printf)(const char *fmt, ...) =
    (void *_Nullable (*_Nonnull)(const char *fmt, ...))0x1;
#ifdef __swift__
__attribute__((always_inline, swift_name("bpf_printf(_:)")))
static inline void *_Nullable bpf_printf_0(const void *fmt) {
  return bpf_printf((const char *)fmt);
}
__attribute__((always_inline, swift_name("bpf_printf(_:_:)")))
static inline void *_Nullable bpf_printf_1(const void *fmt, uint64_t a) {
  return bpf_printf((const char *)fmt, a);
}
__attribute__((always_inline, swift_name("bpf_printf(_:_:_:)")))
static inline void *_Nullable bpf_printf_2(const void *fmt, uint64_t a, uint64_t b) {
  return bpf_printf((const char *)fmt, a, b);
}
__attribute__((always_inline, swift_name("bpf_printf(_:_:_:_:)")))
static inline void *_Nullable bpf_printf_3(const void *fmt, uint64_t a, uint64_t b, uint64_t c) {
  return bpf_printf((const char *)fmt, a, b, c);
}
__attribute__((always_inline, swift_name("bpf_printf(_:_:_:_:_:)")))
static inline void *_Nullable bpf_printf_4(const void *fmt, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  return bpf_printf((const char *)fmt, a, b, c, d);
}
#endif

/// Copies n bytes, also between ranges that overlap. Returns dst.
static void *_Nonnull (*_Nonnull const bpf_memcpy)(void *dst, const void *src, size_t n) =
    (void *_Nonnull (*_Nonnull)(void *dst, const void *src, size_t n))0x2;

/// Prints a line with the value in decimal digits, all 64 bits of r1. Returns 0.
static void *_Nullable (*_Nonnull const bpf_print_debug)(uint32_t value) =
    (void *_Nullable (*_Nonnull)(uint32_t value))0x3;

/// Keeps a value under a key for this program alone. Returns 0, or -1 when the store is full.
static int (*_Nonnull const bpf_store_local)(uint32_t key, uint32_t value) =
    (int (*_Nonnull)(uint32_t key, uint32_t value))0x10;

/// Keeps a value under a key that all programs share. Returns 0, or -1 when the store, or this program's part
/// of it, is full.
static int (*_Nonnull const bpf_store_global)(uint32_t key, uint32_t value) =
    (int (*_Nonnull)(uint32_t key, uint32_t value))0x11;

/// Reads what this program keeps under a key, 0 when there is nothing. Returns 0.
static int (*_Nonnull const bpf_fetch_local)(uint32_t key, uint32_t *value) =
    (int (*_Nonnull)(uint32_t key, uint32_t *value))0x12;

/// Reads what all programs share under a key, 0 when there is nothing. Returns 0.
static int (*_Nonnull const bpf_fetch_global)(uint32_t key, uint32_t *value) =
    (int (*_Nonnull)(uint32_t key, uint32_t *value))0x13;

/// Returns the milliseconds since the device started, modulo 2^32.
static uint32_t (*_Nonnull const bpf_now_ms)(void) =
    (uint32_t (*_Nonnull)(void))0x20;

/// Returns the sensor or actuator at this position of the device's list, counted from 0, or NULL.
static bpf_saul_reg_t *_Nullable (*_Nonnull const bpf_saul_reg_find_nth)(int pos) =
    (bpf_saul_reg_t *_Nullable (*_Nonnull)(int pos))0x30;

/// Returns the first sensor or actuator of this type (SAUL_...), or NULL.
static bpf_saul_reg_t *_Nullable (*_Nonnull const bpf_saul_reg_find_type)(uint8_t type) =
    (bpf_saul_reg_t *_Nullable (*_Nonnull)(uint8_t type))0x31;

/// Reads a sensor, or what an actuator was set to. Returns how many values there are, -19 when there is no
/// such device, or -95 when it cannot be read.
static int (*_Nonnull const bpf_saul_reg_read)(bpf_saul_reg_t *dev, phydat_t *data) =
    (int (*_Nonnull)(bpf_saul_reg_t *dev, phydat_t *data))0x32;

/// Sets an actuator. Returns how many values it took, -19 when there is no such device, or -95 when it cannot
/// be set.
static int (*_Nonnull const bpf_saul_reg_write)(bpf_saul_reg_t *dev, phydat_t *data) =
    (int (*_Nonnull)(bpf_saul_reg_t *dev, phydat_t *data))0x33;

/// Reads the first value of a sensor, its sign extended; 0 when it fails. Returns what bpf_saul_reg_read
/// does.
static int (*_Nonnull const bpf_saul_read_temp)(bpf_saul_reg_t *dev, uint32_t *value) =
    (int (*_Nonnull)(bpf_saul_reg_t *dev, uint32_t *value))0x34;

/// Begins the response: header with this code and the request's token, no options. r0 is 0, or -1 when the
/// code is none of a response or the buffer is too small.
static void (*_Nonnull const bpf_gcoap_resp_init)(bpf_coap_ctx_t *ctx, unsigned code) =
    (void (*_Nonnull)(bpf_coap_ctx_t *ctx, unsigned code))0x40;

/// Ends the options; with COAP_OPT_FINISH_PAYLOAD a payload marker follows. Returns the length so far, or -28
/// when there is no room.
static ssize_t (*_Nonnull const bpf_coap_opt_finish)(bpf_coap_ctx_t *ctx, unsigned flags) =
    (ssize_t (*_Nonnull)(bpf_coap_ctx_t *ctx, unsigned flags))0x41;

/// Adds the Content-Format option (RFC 7252 section 12.3). r0 is its length, -28 when there is no room, or
/// -22 when the format has more than 16 bits or the packet is no response.
static void (*_Nonnull const bpf_coap_add_format)(bpf_coap_ctx_t *ctx, uint32_t format) =
    (void (*_Nonnull)(bpf_coap_ctx_t *ctx, uint32_t format))0x42;

/// Returns where the payload starts: of the request at first, then of the response.
static uint8_t *_Nullable (*_Nonnull const bpf_coap_get_pdu)(bpf_coap_ctx_t *ctx) =
    (uint8_t *_Nullable (*_Nonnull)(bpf_coap_ctx_t *ctx))0x43;

/// Writes val times 10 to the power of fp_digits (-16 to 16) in decimal digits, without a zero byte. Returns
/// the length; out may be NULL.
static size_t (*_Nonnull const bpf_fmt_s16_dfp)(char *_Nullable out, int16_t val, int fp_digits) =
    (size_t (*_Nonnull)(char *_Nullable out, int16_t val, int fp_digits))0x50;

/// Writes val in decimal digits, without a zero byte. Returns the length; out may be NULL.
static size_t (*_Nonnull const bpf_fmt_u32_dec)(char *_Nullable out, uint32_t val) =
    (size_t (*_Nonnull)(char *_Nullable out, uint32_t val))0x51;

/// Returns the number of bytes before the zero byte.
static size_t (*_Nonnull const bpf_strlen)(const char *text) =
    (size_t (*_Nonnull)(const char *text))0x52;

/// Returns the microseconds since the device started, modulo 2^32.
static uint32_t (*_Nonnull const bpf_ztimer_now)(void) =
    (uint32_t (*_Nonnull)(void))0x60;

/// Sleeps until period_us microseconds after last_wakeup and stores that time there. When it has passed
/// already, stores the present time and returns at once.
static void (*_Nonnull const bpf_ztimer_periodic_wakeup)(uint32_t *last_wakeup, uint32_t period_us) =
    (void (*_Nonnull)(uint32_t *last_wakeup, uint32_t period_us))0x61;

/// Makes the pin an input and reads it. Returns 0 or 1; 0 when there is no such pin.
static uint64_t (*_Nonnull const bpf_gpio_read_input)(uint32_t port, uint32_t pin) =
    (uint64_t (*_Nonnull)(uint32_t port, uint32_t pin))0x70;

/// Reads the pin as it is configured. Returns 0 or 1; 0 when there is no such pin.
static uint64_t (*_Nonnull const bpf_gpio_read_raw)(uint32_t port, uint32_t pin) =
    (uint64_t (*_Nonnull)(uint32_t port, uint32_t pin))0x71;

/// Makes the pin an output, high unless val is 0. Returns 1, or 0 when there is no such pin.
static uint64_t (*_Nonnull const bpf_gpio_write)(uint32_t port, uint32_t pin, uint32_t val) =
    (uint64_t (*_Nonnull)(uint32_t port, uint32_t pin, uint32_t val))0x72;

/// Starts the display and clears it. Returns its handle, or 0xffffffff when there is none.
static uint64_t (*_Nonnull const bpf_hd44780_init)(void) =
    (uint64_t (*_Nonnull)(void))0x80;

/// Clears the display and puts the cursor at its start. Returns 0, or -19 when dev is no display.
static uint64_t (*_Nonnull const bpf_hd44780_clear)(uint64_t dev) =
    (uint64_t (*_Nonnull)(uint64_t dev))0x81;

/// Prints from the cursor on; what goes beyond the row is cut off. Returns 0, or -19 when dev is no display.
static uint64_t (*_Nonnull const bpf_hd44780_print)(uint64_t dev, const char *text) =
    (uint64_t (*_Nonnull)(uint64_t dev, const char *text))0x82;

/// Moves the cursor, both counted from 0. Returns 0, -19 when dev is no display, or -22 when it has no such
/// place.
static uint64_t (*_Nonnull const bpf_hd44780_set_cursor)(uint64_t dev, uint8_t column, uint8_t row) =
    (uint64_t (*_Nonnull)(uint64_t dev, uint8_t column, uint8_t row))0x83;

/// Returns the key held down on the keypad at this line: 0 right, 1 up, 2 down, 3 left, 4 none.
static uint64_t (*_Nonnull const bpf_keypad_get_input)(uint32_t adc_line) =
    (uint64_t (*_Nonnull)(uint32_t adc_line))0x84;

#pragma clang assume_nonnull end
