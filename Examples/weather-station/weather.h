// What the programs of the weather station share: the keys in the global store.
#pragma once

#include <bpf/helpers.h>

enum { temperature_key = 1, humidity_key = 2, light_key = 3, sound_key = 4, updates_key = 5 };
