public import ProgramImage

/// An image and what the linker knows about it.
public struct LinkedProgram: Sendable {
  /// The image, ready to be signed.
  public let image: [UInt8]
  public let layout: ImageLayout
  /// The functions, by their places.
  public let functions: [LinkedFunction]
  /// Where the program starts, as the index of a slot.
  public let entry: Int
  /// Sizes in bytes: of the instructions, of what the program reads in the image, of memory with values, of zeros.
  public let textSize: Int
  public let rodataSize: Int
  public let dataSize: Int
  public let bssSize: Int
}

/// Where a function of an object file ended up.
public struct LinkedFunction: Equatable, Sendable {
  public let name: String
  /// Its slots in the text of the image.
  public let slots: Range<Int>
  /// The section of the object file it comes from, and its offset there in bytes: the place debug information names.
  public let section: String
  public let offset: Int
}
