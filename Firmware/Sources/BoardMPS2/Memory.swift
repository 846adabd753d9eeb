/// Clocks of the board (Arm DAI 0386, 3.3).
public enum Clock {
  /// The processor's, in hertz.
  public static let processor: UInt32 = 25_000_000
}

/// The last 4 KiB of the code memory, which the firmware's image leaves free: identity and keys are put there apart
/// from the firmware.
public enum ProvisioningBlock {
  public static var bytes: Span<UInt8> {
    @_lifetime(immortal)
    get {
      // SAFETY: memory at this address exists on every MPS2 board, the linker script places nothing there, and nothing writes
      // it while the firmware runs.
      let bytes = UnsafeBufferPointer<UInt8>(start: UnsafePointer(bitPattern: 0x003F_F000), count: 4096)
      return _overrideLifetime(bytes.span, borrowing: ())
    }
  }
}
