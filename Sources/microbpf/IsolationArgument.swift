import ArgumentParser
import JIT

/// Who keeps compiled code in its compartment, by name. An `Isolation` has a number, which the help would show.
enum IsolationArgument: String, CaseIterable, ExpressibleByArgument {
  case checked, hardware

  var isolation: Isolation {
    switch self {
    case .checked: .checked
    case .hardware: .hardware
    }
  }

  var defaultValueDescription: String {
    switch self {
    case .checked: "The code: it looks at each access to memory that was not proven."
    case .hardware: "The device's memory protection unit, if it has one."
    }
  }
}
