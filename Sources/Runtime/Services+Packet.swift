import CoAP
import Compartment
import Helpers
import Interpreter

extension Services where B: ~Copyable {
  /// The helpers that build a CoAP response. They touch the calling program's context and nothing else.
  mutating func callPacket(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    // As many bits decide as an address has on this machine.
    guard let packet = programs[current].packet,
      UInt(truncatingIfNeeded: arguments.r1) == UInt(truncatingIfNeeded: packet.address)
    else { throw HelperFault(.argument, argument: 1, address: arguments.r1) }
    do throws(AccessFault) {
      var window = try memory.mutableBytes(at: packet.address, count: UInt64(packet.size))
      do throws(PacketWindow.Failure) {
        switch helper {
        case .coapInitResponse:
          let code = UInt8(exactly: UInt32(truncatingIfNeeded: arguments.r2)).map(Code.init(rawValue:))
          return UInt64(result: code.map { packet.begin($0, in: &window) } == true ? 0 : -1)
        case .coapAddFormat:
          guard let format = UInt16(exactly: UInt32(truncatingIfNeeded: arguments.r2)) else { throw .invalid }
          return UInt64(try packet.add(format, in: &window))
        case .coapFinishOptions:
          return UInt64(try packet.finish(withPayload: arguments.r2 & 1 != 0, in: &window))
        default:
          guard let offset = packet.payloadOffset(in: window.span) else { return 0 }
          return packet.address &+ UInt64(PacketWindow.overhead + offset)
        }
      } catch {
        return UInt64(result: -error.rawValue)
      }
    } catch {
      throw HelperFault(error, argument: 1)
    }
  }
}
