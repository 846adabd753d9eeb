/// Values for the registers of the memory protection unit (ARM DDI 0403, B3.5).
public struct ProtectedRegion: Sendable {
  /// For MPU_RBAR and MPU_RASR.
  public let base, attributes: UInt32

  /// What programs may do with it.
  public enum Access: Sendable {
    /// Privileged code may also write it.
    case read, readAndExecute
    case readAndWrite
    /// Nobody may write it.
    case flash
  }

  /// - Parameters:
  ///   - number: of the region; the highest one that has an address decides.
  ///   - address: divisible by `size`.
  ///   - size: in bytes, a power of two and at least 32. 0 turns the region off.
  ///   - access: what programs may do with it.
  ///   - disabledEighths: a bit for each eighth that is not part of it.
  public init(
    _ number: UInt32, address: UInt32, size: UInt32, _ access: Access, disabledEighths: UInt32 = 0
  ) {
    base = address | 1 << 4 | number
    guard size != 0 else {
      attributes = 0
      return
    }
    let neverExecuted: UInt32 = 1 << 28
    let permission: UInt32 =
      switch access {
      case .read: neverExecuted | 0b010 << 24
      case .readAndWrite: neverExecuted | 0b011 << 24
      case .readAndExecute: 0b010 << 24
      case .flash: 0b110 << 24
      }
    // Normal memory with a write-through cache.
    attributes =
      permission | 1 << 17 | disabledEighths << 8 | UInt32(size.trailingZeroBitCount - 1) << 1 | 1
  }
}
