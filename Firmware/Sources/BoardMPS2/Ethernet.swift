import CortexM
import _Volatile

/// The board's Ethernet controller, an SMSC LAN9118 (data sheet revision 1.5; offsets and bits are from its chapter 5).
public enum Ethernet {
  /// The longest frame, without the checksum.
  public static let frameBytes = 1514
  /// Its line to the interrupt controller.
  private static let interrupt: UInt32 = 13

  /// Resets the controller and lets frames through.
  public static func start() {
    write(.hardwareConfiguration, 1)
    while read(.hardwareConfiguration) & 1 != 0 {}
    write(.hardwareConfiguration, 5 << 16)
    write(.interruptEnable, 0)
    write(.interruptStatus, .max)
    // Interrupt as soon as one frame has come.
    write(.fifoInterrupt, 0)
    // Active high, push-pull, enabled.
    write(.interruptConfiguration, 0x111)
    write(.receiveConfiguration, 0)
    write(.transmitConfiguration, 2)
    // Take multicast frames too: neighbour discovery uses them. Transmitter and receiver on.
    writeMAC(1, 1 << 19 | 1 << 3 | 1 << 2)
    write(.interruptEnable, 1 << 3)
    // Only now: until its polarity is set, the line reads as pending.
    Processor.enableInterrupt(interrupt)
  }

  /// The station address that the machine was given.
  public static var address: InlineArray<6, UInt8> {
    let low = readMAC(3)
    let high = readMAC(2)
    return [
      UInt8(truncatingIfNeeded: low), UInt8(truncatingIfNeeded: low >> 8),
      UInt8(truncatingIfNeeded: low >> 16),
      UInt8(truncatingIfNeeded: low >> 24), UInt8(truncatingIfNeeded: high),
      UInt8(truncatingIfNeeded: high >> 8),
    ]
  }

  /// Whether a frame waits to be read.
  public static var hasFrame: Bool { read(.receiveInformation) >> 16 & 0xff != 0 }

  /// Takes the next good frame out of the controller and returns its length, without the checksum.
  ///
  /// - Precondition: `frame` holds at least ``frameBytes`` bytes.
  public static func receive(into frame: inout MutableSpan<UInt8>) -> Int? {
    while hasFrame {
      let status = read(.receiveStatus)
      // The length counts the four bytes of the checksum.
      let length = Int(status >> 16 & 0x3fff)
      let isGood = status & 1 << 15 == 0 && length > 4 && length - 4 <= Ethernet.frameBytes
      let words = (length + 3) / 4
      if isGood {
        take(words, to: &frame, count: length - 4)
        return length - 4
      }
      for _ in 0..<words { _ = read(.receiveData) }
    }
    return nil
  }

  /// Reads a frame of `words` words, of which the first `count` bytes are wanted.
  private static func take(_ words: Int, to frame: inout MutableSpan<UInt8>, count: Int) {
    let fifo = mapped(.receiveData)
    let whole = count & ~3
    var bytes = frame.mutableBytes
    var offset = 0
    while offset < whole {
      bytes.storeBytes(of: fifo.load(), toByteOffset: offset, as: UInt32.self)
      offset += 4
    }
    // What is left: the last bytes of the frame, and the checksum.
    for _ in whole / 4..<words {
      var word = fifo.load()
      while offset < count {
        bytes.storeBytes(of: UInt8(truncatingIfNeeded: word), toByteOffset: offset, as: UInt8.self)
        word >>= 8
        offset += 1
      }
    }
  }

  /// Sends a frame at once.
  public static func transmit(_ frame: Span<UInt8>) {
    // Command A: first and last segment, its size. Command B: the frame's length.
    write(.transmitData, 0x3000 | UInt32(frame.count))
    write(.transmitData, UInt32(frame.count))
    let fifo = mapped(.transmitData)
    let bytes = frame.bytes
    let whole = frame.count & ~3
    var offset = 0
    while offset < whole {
      // SAFETY: four bytes from here on are within the frame, and any of them make a number.
      fifo.store(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
      offset += 4
    }
    if whole < frame.count {
      var word: UInt32 = 0
      for index in whole..<frame.count { word |= UInt32(frame[index]) << (8 * UInt32(index - whole)) }
      fifo.store(word)
    }
    while read(.transmitInformation) >> 16 & 0xff != 0 { _ = read(.transmitStatus) }
  }

  /// Takes the interrupt back; frames stay where they are.
  public static func acknowledgeInterrupt() {
    write(.interruptStatus, read(.interruptStatus))
  }

  private enum Register: UInt {
    case receiveData = 0x00
    case transmitData = 0x20
    case receiveStatus = 0x40
    case transmitStatus = 0x48
    case interruptConfiguration = 0x54
    case interruptStatus = 0x58
    case interruptEnable = 0x5C
    case fifoInterrupt = 0x68
    case receiveConfiguration = 0x6C
    case transmitConfiguration = 0x70
    case hardwareConfiguration = 0x74
    case receiveInformation = 0x7C
    case transmitInformation = 0x80
    case macCommand = 0xA4
    case macData = 0xA8
  }

  /// The controller's address depends on the processor in the board's FPGA.
  private static var base: UInt { Machine.isCortexM7 ? 0xA000_0000 : 0x4020_0000 }

  private static func mapped(_ register: Register) -> VolatileMappedRegister<UInt32> {
    VolatileMappedRegister(unsafeBitPattern: base + register.rawValue)
  }

  private static func read(_ register: Register) -> UInt32 {
    mapped(register).load()
  }

  private static func write(_ register: Register, _ value: UInt32) {
    mapped(register).store(value)
  }

  /// The MAC's own registers are reached through a command register whose top bit says busy.
  private static func readMAC(_ index: UInt32) -> UInt32 {
    while read(.macCommand) >> 31 != 0 {}
    write(.macCommand, 1 << 31 | 1 << 30 | index)
    while read(.macCommand) >> 31 != 0 {}
    return read(.macData)
  }

  private static func writeMAC(_ index: UInt32, _ value: UInt32) {
    while read(.macCommand) >> 31 != 0 {}
    write(.macData, value)
    write(.macCommand, 1 << 31 | index)
    while read(.macCommand) >> 31 != 0 {}
  }
}

/// Wakes the processor when a frame comes, and takes it from a program; the main loop reads it.
@c(IRQ13_Handler)
public func ethernetInterrupt() {
  Ethernet.acknowledgeInterrupt()
  Processor.interruptProgram()
}
