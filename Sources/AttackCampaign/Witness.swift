import BPFText
import CoAPTransport
import DeviceClient

/// A client that keeps asking a device while it is under attack: who it is, and to run a program that is no attacker's.
actor Witness {
  /// What it has seen.
  struct Testimony: Sendable {
    var requests = 0
    /// Not answered, or refused.
    var failed = 0
    /// Answered with another number than the program returns.
    var wrong = 0
    var slowest = Duration.zero
    /// What the first of those that failed was told.
    var complaint: String?
  }

  private let device: DeviceClient
  private let slot: Int
  private let engines: [Engine]
  private var testimony = Testimony()
  private var isDismissed = false

  init(device: DeviceClient, slot: Int, engines: [Engine]) {
    self.device = device
    self.slot = slot
    self.engines = engines
  }

  /// r0 = 3 * input + 1: no two requests have the same answer.
  static func image() throws -> [UInt8] {
    try Assembler(syntax: .llvm).assemble("r0 = *(u32 *)(r1 + 0)\nr0 *= 3\nr0 += 1\nexit\n")
  }

  /// Asks until it is dismissed.
  func watch() async -> Testimony {
    var input = 0
    while !isDismissed {
      input += 1
      let start = ContinuousClock.now
      do throws(DeviceError) {
        if input % 8 == 0 {
          _ = try await device.description()
        } else {
          let context = (0..<4).map { UInt8(truncatingIfNeeded: input >> (8 * $0)) }
          let run = try await device.run(slot, context: context, engine: engines[input % engines.count])
          if run.result != Int64(3 * input + 1) { testimony.wrong += 1 }
        }
      } catch {
        testimony.failed += 1
        if testimony.complaint == nil { testimony.complaint = "\(error)" }
      }
      testimony.requests += 1
      testimony.slowest = max(testimony.slowest, ContinuousClock.now - start)
      // Others want to ask, too.
      try? await Task.sleep(for: .milliseconds(10))
    }
    return testimony
  }

  func dismiss() { isDismissed = true }
}

/// A program that fills its stack frame and looks again and again whether anything there has changed; if so, it returns.
enum Sentinel {
  static func image() throws -> [UInt8] {
    try Assembler(syntax: .llvm).assemble(
      """
      r7 = 0x5ac35ac35ac35ac3 ll
      r6 = r10
      r6 += -512
      r1 = r6
      r2 = 62
      fill:
      *(u64 *)(r1 + 0) = r7
      r1 += 8
      r2 -= 1
      if r2 != 0 goto fill
      call 96
      *(u32 *)(r10 - 8) = r0
      again:
      r1 = r6
      r2 = 62
      look:
      r3 = *(u64 *)(r1 + 0)
      if r3 != r7 goto changed
      r1 += 8
      r2 -= 1
      if r2 != 0 goto look
      r1 = r10
      r1 += -8
      r2 = 5000
      call 97
      goto again
      changed:
      r0 = 1
      exit

      """)
  }
}
