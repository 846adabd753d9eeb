// The name by which programs written for Femto-Containers and micro-bpf include the helpers.
#pragma once

#include "../helpers.h"
