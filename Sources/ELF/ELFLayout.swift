/// Byte offsets and sizes of the ELF64 structures, as the generic ABI ("System V ABI", chapters 4 and 5) names them.
public enum ELFLayout {
  /// The ELF header.
  public enum Header {
    public static let size = 64
    public static let classOffset = 4
    public static let dataOffset = 5
    public static let identVersionOffset = 6
    public static let typeOffset = 16
    public static let machineOffset = 18
    public static let versionOffset = 20
    public static let sectionTableOffset = 40
    public static let headerSizeOffset = 52
    public static let sectionHeaderSizeOffset = 58
    public static let sectionCountOffset = 60
    public static let sectionNamesOffset = 62

    public static let class64: UInt8 = 2
    public static let littleEndian: UInt8 = 1
    public static let currentVersion: UInt8 = 1
    public static let relocatable: UInt16 = 1
    /// EM_BPF.
    public static let machineBPF: UInt16 = 247
  }

  public enum Section {
    public static let size = 64
    public static let nameOffset = 0
    public static let typeOffset = 4
    public static let flagsOffset = 8
    public static let addressOffset = 16
    public static let fileOffset = 24
    public static let sizeOffset = 32
    public static let linkOffset = 40
    public static let infoOffset = 44
    public static let alignmentOffset = 48
    public static let entrySizeOffset = 56
  }

  public enum Symbol {
    public static let size = 24
    public static let nameOffset = 0
    public static let infoOffset = 4
    public static let sectionOffset = 6
    public static let valueOffset = 8
    public static let sizeOffset = 16
  }

  /// A relocation without (`REL`) and with (`RELA`) its addend.
  public enum Relocation {
    public static let size = 16
    public static let sizeWithAddend = 24
    public static let targetOffset = 0
    public static let infoOffset = 8
    public static let addendOffset = 16
  }
}

extension StaticString {
  /// The four bytes every ELF file starts with.
  public static var elfMagic: StaticString { "\u{7F}ELF" }
}
