import ArgumentParser
import DeviceClient

extension EventNotation: ExpressibleByArgument {
  public init?(argument: String) {
    self.init(argument)
  }
}
