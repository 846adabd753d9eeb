/// What a sensor or an actuator is: the types of RIOT's SAUL, by which programs look for one.
public enum DeviceType: UInt8, CaseIterable, Sendable {
  case anyActuator = 0x40
  case ledRGB = 0x41
  case servo = 0x42
  case motor = 0x43
  case `switch` = 0x44
  case dimmer = 0x45
  case anySensor = 0x80
  case button = 0x81
  case temperature = 0x82
  case humidity = 0x83
  case light = 0x84
  case sound = 0x85
  case acceleration = 0x86
  case magneticField = 0x87
  case rotation = 0x88
  case color = 0x89
  case pressure = 0x8a
  case analog = 0x8b
  case ultraviolet = 0x8c
  case objectTemperature = 0x8d
  case count = 0x8e
  case distance = 0x8f
  case carbonDioxide = 0x90
  case organicCompounds = 0x91
  case gas = 0x92
  case occupancy = 0x93
  case proximity = 0x94
  case signalStrength = 0x95
  case charge = 0x96
  case current = 0x97
  case particulateMatter = 0x98
  case capacitance = 0x99
  case voltage = 0x9a
  case pH = 0x9b
  case power = 0x9c
  case size = 0x9d

  /// Whether it is set rather than read: the numbers of actuators are the lower ones.
  public var isActuator: Bool { rawValue < DeviceType.anySensor.rawValue }

  /// The name in C.
  public var name: StaticString {
    switch self {
    case .anyActuator: "SAUL_ACT_ANY"
    case .ledRGB: "SAUL_ACT_LED_RGB"
    case .servo: "SAUL_ACT_SERVO"
    case .motor: "SAUL_ACT_MOTOR"
    case .switch: "SAUL_ACT_SWITCH"
    case .dimmer: "SAUL_ACT_DIMMER"
    case .anySensor: "SAUL_SENSE_ANY"
    case .button: "SAUL_SENSE_BTN"
    case .temperature: "SAUL_SENSE_TEMP"
    case .humidity: "SAUL_SENSE_HUM"
    case .light: "SAUL_SENSE_LIGHT"
    case .sound: "SAUL_SENSE_SOUND"
    case .acceleration: "SAUL_SENSE_ACCEL"
    case .magneticField: "SAUL_SENSE_MAG"
    case .rotation: "SAUL_SENSE_GYRO"
    case .color: "SAUL_SENSE_COLOR"
    case .pressure: "SAUL_SENSE_PRESS"
    case .analog: "SAUL_SENSE_ANALOG"
    case .ultraviolet: "SAUL_SENSE_UV"
    case .objectTemperature: "SAUL_SENSE_OBJTEMP"
    case .count: "SAUL_SENSE_COUNT"
    case .distance: "SAUL_SENSE_DISTANCE"
    case .carbonDioxide: "SAUL_SENSE_CO2"
    case .organicCompounds: "SAUL_SENSE_TVOC"
    case .gas: "SAUL_SENSE_GAS"
    case .occupancy: "SAUL_SENSE_OCCUP"
    case .proximity: "SAUL_SENSE_PROXIMITY"
    case .signalStrength: "SAUL_SENSE_RSSI"
    case .charge: "SAUL_SENSE_CHARGE"
    case .current: "SAUL_SENSE_CURRENT"
    case .particulateMatter: "SAUL_SENSE_PM"
    case .capacitance: "SAUL_SENSE_CAPACITANCE"
    case .voltage: "SAUL_SENSE_VOLTAGE"
    case .pH: "SAUL_SENSE_PH"
    case .power: "SAUL_SENSE_POWER"
    case .size: "SAUL_SENSE_SIZE"
    }
  }
}

/// The unit of a physical value, by the number it has in a `phydat_t`.
public enum PhysicalUnit: UInt8, CaseIterable, Sendable {
  case undefined = 0
  case none
  case celsius
  case fahrenheit
  case kelvin
  case lux
  case metre
  case squareMetre
  case cubicMetre
  case gravity
  case degreesPerSecond
  case gram
  case ampere
  case volt
  case watt
  case gauss
  case tesla
  case decibelMilliwatt
  case decibel
  case coulomb
  case farad
  case ohm
  case pH
  case bar
  case pascal
  case candela
  case boolean
  case count
  case percent
  case permille
  case partsPerMillion
  case partsPerBillion
  case time
  case date
  case gramsPerCubicMetre
  case countPerCubicMetre

  /// The name in C.
  public var name: StaticString {
    switch self {
    case .undefined: "UNIT_UNDEF"
    case .none: "UNIT_NONE"
    case .celsius: "UNIT_TEMP_C"
    case .fahrenheit: "UNIT_TEMP_F"
    case .kelvin: "UNIT_TEMP_K"
    case .lux: "UNIT_LUX"
    case .metre: "UNIT_M"
    case .squareMetre: "UNIT_M2"
    case .cubicMetre: "UNIT_M3"
    case .gravity: "UNIT_G_FORCE"
    case .degreesPerSecond: "UNIT_DPS"
    case .gram: "UNIT_GRAM"
    case .ampere: "UNIT_A"
    case .volt: "UNIT_V"
    case .watt: "UNIT_W"
    case .gauss: "UNIT_GAUSS"
    case .tesla: "UNIT_T"
    case .decibelMilliwatt: "UNIT_DBM"
    case .decibel: "UNIT_DB"
    case .coulomb: "UNIT_COULOMB"
    case .farad: "UNIT_F"
    case .ohm: "UNIT_OHM"
    case .pH: "UNIT_PH"
    case .bar: "UNIT_BAR"
    case .pascal: "UNIT_PA"
    case .candela: "UNIT_CD"
    case .boolean: "UNIT_BOOL"
    case .count: "UNIT_CTS"
    case .percent: "UNIT_PERCENT"
    case .permille: "UNIT_PERMILL"
    case .partsPerMillion: "UNIT_PPM"
    case .partsPerBillion: "UNIT_PPB"
    case .time: "UNIT_TIME"
    case .date: "UNIT_DATE"
    case .gramsPerCubicMetre: "UNIT_GPM3"
    case .countPerCubicMetre: "UNIT_CPM3"
    }
  }
}
