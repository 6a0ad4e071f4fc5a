"""The parts on the bus: the lifecycle decides, the effects act on databases and cluster, the watcher sees."""
