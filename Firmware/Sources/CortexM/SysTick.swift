import CCortexM
import _Volatile

/// The core's own timer, at one interrupt a millisecond (ARM DDI 0403, B3.3).
public enum SysTick {
  private static let control = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_E010)
  private static let reload = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_E014)
  private static let current = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_E018)

  /// ICSR and its bit PENDSTSET (B3.2.4).
  private static let interruptControl = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_ED04)
  private static let pendingSysTick: UInt32 = 1 << 26

  /// Starts counting, from the processor's clock of `frequency` hertz.
  public static func start(frequency: UInt32) {
    reload.store(frequency / 1000 - 1)
    current.store(0)
    control.store(0b111)
  }

  /// Milliseconds since the start.
  public static var milliseconds: UInt64 {
    cortexm_read_milliseconds()
  }

  /// Processor clock ticks since the start; also right while interrupts are masked, for up to a millisecond. Under
  /// QEMU's `-icount shift=0` on this board one tick is 40 instructions.
  public static var ticks: UInt64 {
    let (milliseconds, rest) = moment
    return milliseconds * UInt64(ticksPerMillisecond) + UInt64(rest)
  }

  /// Microseconds since the start, likewise. The frequency has to be so many whole megahertz.
  public static var microseconds: UInt64 {
    let (milliseconds, rest) = moment
    return milliseconds * 1000 + UInt64(rest / (ticksPerMillisecond / 1000))
  }

  /// Milliseconds since the start, and ticks of the current one.
  private static var moment: (milliseconds: UInt64, ticks: UInt32) {
    while true {
      let before = cortexm_read_milliseconds()
      var remaining = current.load()
      // A millisecond that is over but not yet counted. What was read may be from before its end: read again.
      let isPending = interruptControl.load() & pendingSysTick != 0
      if isPending { remaining = current.load() }
      guard cortexm_read_milliseconds() == before else { continue }
      return (before + (isPending ? 1 : 0), elapsed(remaining))
    }
  }

  private static var ticksPerMillisecond: UInt32 { reload.load() + 1 }

  /// Ticks of the current millisecond. It begins with the counter at 0, which is followed by the reload value.
  private static func elapsed(_ remaining: UInt32) -> UInt32 {
    remaining == 0 ? 0 : ticksPerMillisecond - remaining
  }
}
