import Bytes
import Helpers
import JIT
import TestSupport
import Testing

@testable import SlotStorage

@Suite struct StoredSettings {
  private func details(_ settings: StartSettings) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 56)
    var writer = ByteWriter(bytes.mutableSpan)
    try settings.writeDetails(into: &writer)
    let count = writer.count
    #expect(count == 56)
    return bytes
  }

  private static let triggers: [Trigger?] = [
    nil, .every(milliseconds: 1), .every(milliseconds: 999_999_999),
    .event(BoardEvent(device: 0, .above, 0)), .event(BoardEvent(device: 255, .below, .min)),
    .event(BoardEvent(device: 3, .above, .max)),
  ]

  @Test func `settings are read as they were written`() throws {
    for trigger in Self.triggers {
      for isolation in [nil, Isolation.checked, .hardware] {
        for restart in RestartPolicy.allCases {
          for helpers in [nil, HelperSet.empty, .all, HelperSet(.printf)] {
            let settings = StartSettings(
              startsAtBoot: restart == .never, isolation: isolation, restart: restart, trigger: trigger,
              milliseconds: helpers == nil ? nil : 0, instructions: isolation == nil ? nil : 999_999_999,
              arenaBytes: restart == .always ? 2048 : nil,
              logBytesPerSecond: isolation == .checked ? nil : 0, helpers: helpers)
            let bytes = try details(settings)
            #expect(StartSettings(flags: settings.flags, details: bytes.span) == settings)
          }
        }
      }
    }
  }

  @Test func `erased details say nothing`() throws {
    let erased = [UInt8](repeating: 0xff, count: 56)
    #expect(StartSettings(flags: 0, details: erased.span) == StartSettings())
    #expect(try details(StartSettings()) == erased)
  }

  @Test func `flags and triggers that mean nothing are refused`() {
    let erased = [UInt8](repeating: 0xff, count: 56)
    for flags in UInt8(0)...255 {
      let isKnown = flags >> 1 & 3 != 3 && flags >> 3 <= 2
      #expect((StartSettings(flags: flags, details: erased.span) != nil) == isKnown, "\(flags)")
    }
    for kind in UInt8(0)...255 {
      var bytes = erased
      bytes[0] = kind
      #expect((StartSettings(flags: 1, details: bytes.span) != nil) == ([1, 2, 3, 255].contains(kind)))
    }
  }
}
