"""Counts of the metrics that workers print (CloudWatch embedded metric format). Graphs and alarms are CloudWatch's."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

MOST_SERIES = 2_000


@dataclass
class Series:
    """One metric with one set of dimensions."""

    namespace: str
    name: str
    unit: str
    dimensions: dict[str, str]
    count: int = 0
    total: float = 0.0
    low: float = field(default=float("inf"))
    high: float = field(default=float("-inf"))

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)

    def as_dict(self) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "metric": self.name,
            "unit": self.unit,
            "dimensions": self.dimensions,
            "count": self.count,
            "sum": self.total,
            "min": self.low,
            "max": self.high,
        }


class MetricTable:
    """Bounded: the series that was longest silent makes room for a new one."""

    def __init__(self) -> None:
        self._series: OrderedDict[tuple[Any, ...], Series] = OrderedDict()
        self._lock = threading.Lock()

    def read_line(self, line: str) -> bool:
        """Counts one log line if it is in embedded metric format; says whether it was."""
        if '"CloudWatchMetrics"' not in line:
            return False
        try:
            document = json.loads(line)
            directives = document["_aws"]["CloudWatchMetrics"]
            for directive in directives:
                self._count(directive, document)
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
        return True

    def rows(self) -> list[dict[str, Any]]:
        with self._lock:
            return [series.as_dict() for series in self._series.values()]

    def _count(self, directive: dict[str, Any], document: dict[str, Any]) -> None:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(document.get(name, "")) for name in names}
            for metric in directive["Metrics"]:
                values = document.get(metric["Name"], [])
                for value in values if isinstance(values, list) else [values]:
                    self._add(directive["Namespace"], metric, dimensions, float(value))

    def _add(self, namespace: str, metric: dict[str, Any], dimensions: dict[str, str], value: float) -> None:
        key = (namespace, metric["Name"], *sorted(dimensions.items()))
        with self._lock:
            series = self._series.get(key)
            if series is None:
                series = Series(namespace, metric["Name"], metric.get("Unit", "None"), dimensions)
                self._series[key] = series
                if len(self._series) > MOST_SERIES:
                    self._series.popitem(last=False)
            self._series.move_to_end(key)
            series.add(value)
