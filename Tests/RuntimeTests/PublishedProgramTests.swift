import BPF
import Bytes
import CoAP
import Compartment
import Foundation
import Helpers
import Interpreter
import ProgramImage
import Testing
import Toolchain
import Verifier

@testable import Runtime

/// What a program that answers a request left behind.
private struct Reply {
  let answer: Answer
  let console: String
}

/// Compiles a program, links it, and lets it answer a request, in an arena as on a device.
private func answer(
  _ request: [UInt8], with source: String, processor: ProcessorVersion? = nil,
  prepare: (inout Services<TestBoard>) -> Void = { _ in }
) async throws -> Reply {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let file = folder.appending(path: "program.c")
  try Data(source.utf8).write(to: file)
  var compiler = try Compiler()
  compiler.processor = processor
  let object = try await compiler.compile(file)
  #expect(object.diagnostics == "")
  return try run(try Linker().link([object.object]).image, on: request, prepare)
}

private func run(
  _ bytes: [UInt8], on request: [UInt8], _ prepare: (inout Services<TestBoard>) -> Void
) throws -> Reply {
  let image = try ProgramImage(bytes.span)
  var buffer = FixedArray(repeating: Instruction(.exit), count: image.instructionCount)
  var instructions = buffer.mutableSpan
  let count = try image.decode(into: &instructions)
  var cells = FixedArray(repeating: AnalysisCell(), count: analysisCells(forInstructions: count))
  let regions = Regions(dataSize: image.dataSize + image.bssSize, rodataSize: image.rodata.count)
  let program = try verify(
    instructions._consumingExtracting(0..<count), entry: image.entry, granting: .all, regions: regions,
    using: cells.mutableSpan)
  var arena = Arena(size: 4096)
  let message = try Message(request.span)
  let size = PacketWindow.overhead + 128
  try arena.prepare(
    frames: program.maximumDepth, dataSize: image.dataSize + image.bssSize, bssSize: 0, contextSize: size)
  let packet = PacketWindow(answering: message, at: arena.contextAddress, capacity: 128)
  let world = World()
  var services = Services(board: TestBoard(world: world))
  var window = arena.context
  try packet.fill(&window, with: request.span, message)
  prepare(&services)
  services.begin(SlotNumber(1), packet: packet)
  let rodata = image.rodata
  let rodataAddress = rodata.withUnsafeBytes { UInt64(UInt(bitPattern: $0.baseAddress)) }
  let dataAddress = arena.dataAddress
  var data = arena.data
  try image.initialise(data: &data, dataAddress: dataAddress, rodataAddress: rodataAddress)
  let address = arena.contextAddress
  var memory = arena.memory(rodata: rodata)
  var interpreter = Interpreter(capacity: count)
  interpreter.load(program, for: memory)
  let outcome = interpreter.run(
    memory: &memory, context: address, contextLength: UInt64(size), budget: 100_000, host: &services)
  guard case .returned(let returned) = outcome.result else { throw Stopped(outcome: outcome) }
  let after = arena.context
  let response = try packet.response(in: after.span, returned: returned)
  return Reply(
    answer: Answer(
      code: response.response.code, contentFormat: response.response.contentFormat?.rawValue,
      maxAge: response.response.maxAge, payload: response.payload.indices.map { response.payload[$0] }),
    console: world.text)
}

private struct Stopped: Error {
  let outcome: Outcome
}

private let request: [UInt8] = [0x42, 0x02, 0x12, 0x34, 0x71, 0x72, 0xb1, 0x61, 0xff, 0x68, 0x69]

@Suite struct PublishedPrograms {
  /// A program in the manner of those written for micro-bpf: it declares the packet itself.
  private static let source = """
    #include <stdint.h>
    #include "bpf/bpfapi/helpers.h"

    #define COAP_OPT_FINISH_PAYLOAD (0x0001)

    typedef struct {
      uint32_t hdr_p;
      uint32_t payload_p;
      uint32_t token_p;
      uint16_t payload_len;
      uint16_t options_len;
    } bpf_coap_pkt_t;

    int response(bpf_coap_ctx_t *gcoap) {
      bpf_coap_pkt_t *pkt = gcoap->pkt;
      bpf_saul_reg_t *sensor = bpf_saul_reg_find_type(SAUL_SENSE_TEMP);
      phydat_t value;
      if (bpf_saul_reg_read(sensor, &value) < 1 || value.unit != UNIT_TEMP_C) return -1;
      char text[8];
      size_t length = bpf_fmt_s16_dfp(text, value.val[0], value.scale);
      bpf_gcoap_resp_init(gcoap, (2 << 5) | 5);
      bpf_coap_add_format(gcoap, 50);
      ssize_t pdu_len = bpf_coap_opt_finish(gcoap, COAP_OPT_FINISH_PAYLOAD);
      uint8_t *payload = (uint8_t *)(intptr_t)(pkt->payload_p);
      char *name = "{\\"temperature\\": ";
      int start = bpf_strlen(name);
      if (pkt->payload_len < start + length + 1) return -2;
      bpf_memcpy(payload, name, start);
      bpf_memcpy(payload + start, text, length);
      payload[start + length] = '}';
      bpf_printf("%d bytes of %d\\n", (int)(pdu_len + start + length + 1), (int)gcoap->buf_len);
      return pdu_len + start + length + 1;
    }
    """

  @Test(arguments: ProcessorVersion.allCases)
  func `a sensor's reading goes into a response, whatever processor the program is compiled for`(
    processor: ProcessorVersion
  ) async throws {
    let reply = try await answer(request, with: Self.source, processor: processor)
    #expect(
      reply.answer
        == Answer(code: .content, contentFormat: 50, payload: Array(#"{"temperature": 22.0}"#.utf8)))
    #expect(reply.console == "30 bytes of 128\n")
  }

  @Test(arguments: ProcessorVersion.allCases)
  func `every helper can be called from C`(processor: ProcessorVersion) async throws {
    let reply = try await answer(
      request,
      with: """
        #include <bpf/helpers.h>

        int all(bpf_coap_ctx_t *context) {
          uint32_t word = 0;
          char text[24] = {0};
          phydat_t value = {{1, 0, 0}, UNIT_BOOL, 0};
          bpf_coap_packet_t *packet = context->pkt;
          uint64_t found = 0;
          bpf_printf("%lu\\n", 1234567890123);
          bpf_print_debug(7);
          bpf_memcpy(text, "ab", 3);
          found |= bpf_strlen(text) == 2;
          found |= (uint64_t)(bpf_store_local(1, 2) == 0 && bpf_fetch_local(1, &word) == 0 && word == 2) << 1;
          found |= (uint64_t)(bpf_store_global(1, 3) == 0 && bpf_fetch_global(1, &word) == 0 && word == 3) << 2;
          found |= (uint64_t)(bpf_now_ms() == 5000 && bpf_ztimer_now() == 5000000) << 3;
          found |= (uint64_t)(bpf_saul_reg_read(bpf_saul_reg_find_nth(5), &value) == 1 && value.unit == UNIT_DB) << 4;
          found |= (uint64_t)(bpf_saul_reg_write(bpf_saul_reg_find_type(SAUL_ACT_SWITCH), &value) == 1) << 5;
          found |= (uint64_t)(bpf_saul_reg_write(bpf_saul_reg_find_nth(0), &value) < 0) << 6;
          found |= (uint64_t)(bpf_saul_read_temp(bpf_saul_reg_find_nth(1), &word) == 1 && word == 220) << 7;
          found |= (uint64_t)(bpf_fmt_s16_dfp(text, -12, 2) == 5 && text[4] == '0') << 8;
          found |= (uint64_t)(bpf_fmt_u32_dec(0, 123) == 3) << 9;
          found |= (uint64_t)(bpf_gpio_write(0, 1, 1) && bpf_gpio_read_raw(0, 1) && !bpf_gpio_read_input(0, 1)) << 10;
          uint64_t display = bpf_hd44780_init();
          found |= (uint64_t)(bpf_hd44780_clear(display) == 0 && bpf_hd44780_print(display, text) == 0) << 11;
          found |= (uint64_t)(bpf_hd44780_set_cursor(display, 0, 1) == 0) << 12;
          found |= (uint64_t)(bpf_keypad_get_input(2) == 4) << 13;
          word = 5000000;
          bpf_ztimer_periodic_wakeup(&word, 1000);
          found |= (uint64_t)(word == 5001000) << 14;
          found |= (uint64_t)((uint32_t)(uintptr_t)bpf_coap_get_pdu(context) == packet->payload_p) << 15;
          bpf_gcoap_resp_init(context, 0x45);
          bpf_coap_add_format(context, 0);
          ssize_t length = bpf_coap_opt_finish(context, COAP_OPT_FINISH_PAYLOAD);
          return length + bpf_fmt_u32_dec((char *)(uintptr_t)packet->payload_p, found);
        }
        """, processor: processor)
    #expect(String(decoding: reply.answer.payload, as: UTF8.self) == "65535")
    #expect(reply.console == "1234567890123\n[DEBUG]: 7\n")
  }
}
