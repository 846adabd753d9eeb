import CCortexM
import _Volatile

/// Interrupts and reset of the core (ARM DDI 0403, B3.2 and B3.4).
public enum Processor {
  /// Lets interrupt `number` through; one that is already pending is dropped.
  public static func enableInterrupt(_ number: UInt32) {
    VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_E280).store(1 << number)
    VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_E100).store(1 << number)
  }

  /// Sleeps until an interrupt comes, unless `isBusy` says there is work.
  ///
  /// Interrupts are masked between the question and the sleep, so that none slips in between; a masked one still wakes.
  public static func sleep(unless isBusy: () -> Bool) {
    cpu_disable_interrupts()
    if !isBusy() { cpu_wait_for_interrupt() }
    cpu_enable_interrupts()
  }

  /// From an interrupt: lets the system look after its work instead of a program that runs.
  public static func interruptProgram() {
    thread_interrupt()
  }

  /// The bytes that the heap has taken so far; they are never given back.
  public static var heapBytes: Int { Int(cortexm_heap_used()) }

  /// Restarts the system: AIRCR.SYSRESETREQ.
  public static func reset() -> Never {
    cpu_synchronize()
    VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_ED0C).store(0x05FA_0004)
    while true { cpu_wait_for_interrupt() }
  }
}
