import _Volatile

/// Which of the MPS2 machines this is.
enum Machine {
  /// By the identification register of the FPGA's image (Arm DAI 0500): AN500 has a Cortex-M7, and another memory map.
  static var isCortexM7: Bool {
    VolatileMappedRegister<UInt32>(unsafeBitPattern: 0x4002_FFFC).load() == 0x4104_5000
  }
}
