/// A helper's texts: the C header and the documentation are made from them and from its `HelperContract`.
public struct HelperSignature: Sendable {
  /// The name in C.
  public let name: StaticString
  /// The result in C.
  public let result: StaticString
  /// The parameter list in C, without parentheses.
  public let parameters: StaticString
  /// What the helper does and returns.
  public let summary: StaticString

  init(
    _ result: StaticString, _ name: StaticString, _ parameters: StaticString, _ summary: StaticString
  ) {
    self.name = name
    self.result = result
    self.parameters = parameters
    self.summary = summary
  }
}

extension Helper {
  public var signature: HelperSignature {
    switch self {
    case .printf:
      HelperSignature(
        "void *", "bpf_printf", "const char *fmt, ...",
        "Prints on the device's console: up to four values by %d %i %u %x %X %c %s %p %%. Returns 0.")
    case .memcpy:
      HelperSignature(
        "void *", "bpf_memcpy", "void *dst, const void *src, size_t n",
        "Copies n bytes, also between ranges that overlap. Returns dst.")
    case .printDebug:
      HelperSignature(
        "void *", "bpf_print_debug", "uint32_t value",
        "Prints a line with the value in decimal digits, all 64 bits of r1. Returns 0.")
    case .storeLocal:
      HelperSignature(
        "int", "bpf_store_local", "uint32_t key, uint32_t value",
        "Keeps a value under a key for this program alone. Returns 0, or -1 when the store is full.")
    case .storeGlobal:
      HelperSignature(
        "int", "bpf_store_global", "uint32_t key, uint32_t value",
        "Keeps a value under a key that all programs share. Returns 0, or -1 when the store, or this program's part of it, is full."
      )
    case .fetchLocal:
      HelperSignature(
        "int", "bpf_fetch_local", "uint32_t key, uint32_t *value",
        "Reads what this program keeps under a key, 0 when there is nothing. Returns 0.")
    case .fetchGlobal:
      HelperSignature(
        "int", "bpf_fetch_global", "uint32_t key, uint32_t *value",
        "Reads what all programs share under a key, 0 when there is nothing. Returns 0.")
    case .nowMilliseconds:
      HelperSignature(
        "uint32_t", "bpf_now_ms", "void",
        "Returns the milliseconds since the device started, modulo 2^32.")
    case .saulFindNth:
      HelperSignature(
        "bpf_saul_reg_t *", "bpf_saul_reg_find_nth", "int pos",
        "Returns the sensor or actuator at this position of the device's list, counted from 0, or NULL.")
    case .saulFindType:
      HelperSignature(
        "bpf_saul_reg_t *", "bpf_saul_reg_find_type", "uint8_t type",
        "Returns the first sensor or actuator of this type (SAUL_...), or NULL.")
    case .saulRead:
      HelperSignature(
        "int", "bpf_saul_reg_read", "bpf_saul_reg_t *dev, phydat_t *data",
        "Reads a sensor, or what an actuator was set to. Returns how many values there are, -19 when there is no such device, or -95 when it cannot be read."
      )
    case .saulWrite:
      HelperSignature(
        "int", "bpf_saul_reg_write", "bpf_saul_reg_t *dev, phydat_t *data",
        "Sets an actuator. Returns how many values it took, -19 when there is no such device, or -95 when it cannot be set."
      )
    case .saulReadTemperature:
      HelperSignature(
        "int", "bpf_saul_read_temp", "bpf_saul_reg_t *dev, uint32_t *value",
        "Reads the first value of a sensor, its sign extended; 0 when it fails. Returns what bpf_saul_reg_read does."
      )
    case .coapInitResponse:
      HelperSignature(
        "void", "bpf_gcoap_resp_init", "bpf_coap_ctx_t *ctx, unsigned code",
        "Begins the response: header with this code and the request's token, no options. r0 is 0, or -1 when the code is none of a response or the buffer is too small."
      )
    case .coapFinishOptions:
      HelperSignature(
        "ssize_t", "bpf_coap_opt_finish", "bpf_coap_ctx_t *ctx, unsigned flags",
        "Ends the options; with COAP_OPT_FINISH_PAYLOAD a payload marker follows. Returns the length so far, or -28 when there is no room."
      )
    case .coapAddFormat:
      HelperSignature(
        "void", "bpf_coap_add_format", "bpf_coap_ctx_t *ctx, uint32_t format",
        "Adds the Content-Format option (RFC 7252 section 12.3). r0 is its length, -28 when there is no room, or -22 when the format has more than 16 bits or the packet is no response."
      )
    case .coapGetPDU:
      HelperSignature(
        "uint8_t *", "bpf_coap_get_pdu", "bpf_coap_ctx_t *ctx",
        "Returns where the payload starts: of the request at first, then of the response.")
    case .formatS16:
      HelperSignature(
        "size_t", "bpf_fmt_s16_dfp", "char *_Nullable out, int16_t val, int fp_digits",
        "Writes val times 10 to the power of fp_digits (-16 to 16) in decimal digits, without a zero byte. Returns the length; out may be NULL."
      )
    case .formatU32:
      HelperSignature(
        "size_t", "bpf_fmt_u32_dec", "char *_Nullable out, uint32_t val",
        "Writes val in decimal digits, without a zero byte. Returns the length; out may be NULL.")
    case .strlen:
      HelperSignature(
        "size_t", "bpf_strlen", "const char *text", "Returns the number of bytes before the zero byte.")
    case .nowMicroseconds:
      HelperSignature(
        "uint32_t", "bpf_ztimer_now", "void",
        "Returns the microseconds since the device started, modulo 2^32.")
    case .periodicWakeup:
      HelperSignature(
        "void", "bpf_ztimer_periodic_wakeup", "uint32_t *last_wakeup, uint32_t period_us",
        "Sleeps until period_us microseconds after last_wakeup and stores that time there. When it has passed already, stores the present time and returns at once."
      )
    case .gpioReadInput:
      HelperSignature(
        "uint64_t", "bpf_gpio_read_input", "uint32_t port, uint32_t pin",
        "Makes the pin an input and reads it. Returns 0 or 1; 0 when there is no such pin.")
    case .gpioReadRaw:
      HelperSignature(
        "uint64_t", "bpf_gpio_read_raw", "uint32_t port, uint32_t pin",
        "Reads the pin as it is configured. Returns 0 or 1; 0 when there is no such pin.")
    case .gpioWrite:
      HelperSignature(
        "uint64_t", "bpf_gpio_write", "uint32_t port, uint32_t pin, uint32_t val",
        "Makes the pin an output, high unless val is 0. Returns 1, or 0 when there is no such pin.")
    case .displayInit:
      HelperSignature(
        "uint64_t", "bpf_hd44780_init", "void",
        "Starts the display and clears it. Returns its handle, or 0xffffffff when there is none.")
    case .displayClear:
      HelperSignature(
        "uint64_t", "bpf_hd44780_clear", "uint64_t dev",
        "Clears the display and puts the cursor at its start. Returns 0, or -19 when dev is no display.")
    case .displayPrint:
      HelperSignature(
        "uint64_t", "bpf_hd44780_print", "uint64_t dev, const char *text",
        "Prints from the cursor on; what goes beyond the row is cut off. Returns 0, or -19 when dev is no display."
      )
    case .displaySetCursor:
      HelperSignature(
        "uint64_t", "bpf_hd44780_set_cursor", "uint64_t dev, uint8_t column, uint8_t row",
        "Moves the cursor, both counted from 0. Returns 0, -19 when dev is no display, or -22 when it has no such place."
      )
    case .keypadRead:
      HelperSignature(
        "uint64_t", "bpf_keypad_get_input", "uint32_t adc_line",
        "Returns the key held down on the keypad at this line: 0 right, 1 up, 2 down, 3 left, 4 none.")
    }
  }
}
