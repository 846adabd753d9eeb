import CCortexM
import _Volatile

/// The core's own timer, at one interrupt a millisecond (ARM DDI 0403, B3.3).
public enum SysTick {
  private static let control = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_E010)
  private static let reload = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_E014)
  private static let current = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_E018)

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

  /// Processor clock ticks since the start. Under QEMU's `-icount shift=0` on this board one tick is 40 instructions.
  public static var ticks: UInt64 {
    let perMillisecond = UInt64(reload.load()) + 1
    while true {
      let before = cortexm_read_milliseconds()
      let remaining = UInt64(current.load())
      guard cortexm_read_milliseconds() == before else { continue }
      return before * perMillisecond + (perMillisecond - 1 - remaining)
    }
  }
}
