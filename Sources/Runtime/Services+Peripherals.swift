import CoAP
import Compartment
import Helpers
import Interpreter
import Platform

/// The numbers that stand for devices. They are no addresses: a program that uses one as such is stopped.
private enum Handle {
  static let display: UInt64 = 0x80
  /// Sensor or actuator n has the handle n + 1.
  static let lastDevice: UInt64 = 0x7f
}

extension Services where B: ~Copyable {
  // MARK: Sensors and actuators

  mutating func callDevice(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    switch helper {
    case .saulFindNth:
      let position = Int32(truncatingIfNeeded: arguments.r1)
      return position >= 0 && position < deviceCount ? UInt64(position) + 1 : 0
    case .saulFindType:
      let type = UInt8(truncatingIfNeeded: arguments.r1)
      for number in 0..<deviceCount where board.peripherals.type(ofDevice: number).rawValue == type {
        return UInt64(number) + 1
      }
      return 0
    default:
      do throws(AccessFault) {
        return switch helper {
        case .saulRead: try readDevice(arguments, &memory)
        case .saulReadTemperature: try readTemperature(arguments, &memory)
        default: try writeDevice(arguments, memory)
        }
      } catch {
        throw HelperFault(error, argument: 2)
      }
    }
  }

  private var deviceCount: Int {
    mutating get { min(board.peripherals.deviceCount, Int(Handle.lastDevice)) }
  }

  private mutating func device(_ handle: UInt64) throws(PeripheralError) -> Int {
    guard handle >= 1, handle <= UInt64(deviceCount) else { throw .noDevice }
    return Int(handle) - 1
  }

  private mutating func readDevice(_ handle: UInt64) throws(PeripheralError) -> PhysicalValue {
    try board.peripherals.read(device: try device(handle), at: board.now.milliseconds)
  }

  /// Writes a `phydat_t`; when reading fails it stays as it was.
  private mutating func readDevice(
    _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(AccessFault) -> UInt64 {
    _ = try memory.mutableBytes(at: arguments.r2, count: 8).count
    do throws(PeripheralError) {
      let value = try readDevice(arguments.r1)
      try? memory.store(value.bits, at: arguments.r2)
      return UInt64(value.count)
    } catch {
      return UInt64(result: -error.rawValue)
    }
  }

  private mutating func readTemperature(
    _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(AccessFault) -> UInt64 {
    // The address is checked before the sensor is asked.
    try memory.store(0 as UInt32, at: arguments.r2)
    do throws(PeripheralError) {
      let value = try readDevice(arguments.r1)
      try? memory.store(UInt32(bitPattern: Int32(value.first)), at: arguments.r2)
      return UInt64(value.count)
    } catch {
      return UInt64(result: -error.rawValue)
    }
  }

  private mutating func writeDevice(
    _ arguments: HelperArguments, _ memory: borrowing CompartmentMemory
  ) throws(AccessFault) -> UInt64 {
    let value = PhysicalValue(bits: try memory.load(at: arguments.r2))
    do throws(PeripheralError) {
      return UInt64(
        try board.peripherals.write(value, device: try device(arguments.r1), at: board.now.milliseconds))
    } catch {
      return UInt64(result: -error.rawValue)
    }
  }

  // MARK: Pins

  mutating func callPin(_ helper: Helper, _ arguments: HelperArguments) -> UInt64 {
    let port = UInt32(truncatingIfNeeded: arguments.r1)
    let pin = UInt32(truncatingIfNeeded: arguments.r2)
    let isHigh =
      if helper == .gpioWrite {
        board.peripherals.writePin(pin, port: port, high: UInt32(truncatingIfNeeded: arguments.r3) != 0)
      } else {
        board.peripherals.readPin(
          pin, port: port, asInput: helper == .gpioReadInput, at: board.now.milliseconds) ?? false
      }
    return isHigh ? 1 : 0
  }

  // MARK: Display

  mutating func callDisplay(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: borrowing CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    if helper == .displayInit { return board.peripherals.startDisplay() ? Handle.display : 0xffff_ffff }
    guard arguments.r1 == Handle.display else { return UInt64(result: -PeripheralError.noDevice.rawValue) }
    switch helper {
    case .displayPrint:
      do throws(AccessFault) {
        board.peripherals.print(try memory.cString(at: arguments.r2, limit: Limits.displayedBytes))
      } catch {
        throw HelperFault(error, argument: 2)
      }
    case .displaySetCursor:
      let isPlace = board.peripherals.moveCursor(
        column: UInt32(truncatingIfNeeded: arguments.r2), row: UInt32(truncatingIfNeeded: arguments.r3))
      if !isPlace { return UInt64(result: -PeripheralError.invalid.rawValue) }
    default: board.peripherals.clearDisplay()
    }
    return 0
  }
}

extension PhysicalValue {
  /// A `phydat_t`, least significant byte first.
  var bits: UInt64 {
    UInt64(UInt16(bitPattern: first)) | UInt64(UInt16(bitPattern: second)) << 16
      | UInt64(UInt16(bitPattern: third)) << 32 | UInt64(unit) << 48 | UInt64(UInt8(bitPattern: scale)) << 56
  }

  fileprivate init(bits: UInt64) {
    self.init(
      Int16(truncatingIfNeeded: bits), Int16(truncatingIfNeeded: bits >> 16),
      Int16(truncatingIfNeeded: bits >> 32),
      count: 3, unit: UInt8(truncatingIfNeeded: bits >> 48), scale: Int8(truncatingIfNeeded: bits >> 56))
  }
}
