package kubelet

import (
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"
)

// forGood is the delay of what does not change by itself any more.
const forGood = time.Duration(-1)

var (
	initTime  = regexp.MustCompile(`init-(\d+)s`)
	startTime = regexp.MustCompile(`start-(\d+)s`)
)

// pace is how long everything takes that a kubelet would have to wait for. Back-offs double up to longestBackoff.
type pace struct {
	init, start, stop, failure, backoff, longestBackoff, retry time.Duration
}

func defaultPace() *pace {
	return &pace{
		init:           300 * time.Millisecond,
		start:          200 * time.Millisecond,
		stop:           50 * time.Millisecond,
		failure:        100 * time.Millisecond,
		backoff:        10 * time.Second,
		longestBackoff: 300 * time.Second,
		retry:          time.Second,
	}
}

func (p *pace) addFlags(flags *pflag.FlagSet) {
	flags.DurationVar(&p.init, "init-delay", p.init, "how long an init container runs")
	flags.DurationVar(&p.start, "start-delay", p.start, "from there to ready")
	flags.DurationVar(&p.stop, "stop-delay", p.stop, "how long a pod takes to end")
	flags.DurationVar(&p.backoff, "backoff", p.backoff, "the first back-off")
}

func (p *pace) initOf(image string) time.Duration { return named(initTime, image, p.init) }

// startOf is the time of the container that takes longest.
func (p *pace) startOf(containers []*container) time.Duration {
	longest := time.Duration(0)
	for _, each := range containers {
		longest = max(longest, named(startTime, each.spec.Image, p.start))
	}
	return longest
}

func (p *pace) backoffAfter(failures int32) time.Duration {
	return min(p.backoff<<min(failures-1, 10), p.longestBackoff)
}

func named(pattern *regexp.Regexp, image string, otherwise time.Duration) time.Duration {
	found := pattern.FindStringSubmatch(image)
	if found == nil {
		return otherwise
	}
	seconds, err := strconv.Atoi(found[1])
	if err != nil {
		return otherwise
	}
	return time.Duration(seconds) * time.Second
}

// waits are the moments before which nothing more happens to a pod, by its uid.
type waits struct {
	mutex  sync.Mutex
	before map[types.UID]time.Time
	stops  map[types.UID]time.Time
}

func newWaits() *waits {
	return &waits{before: map[types.UID]time.Time{}, stops: map[types.UID]time.Time{}}
}

func (w *waits) begin(uid types.UID, delay time.Duration) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.before[uid] = time.Now().Add(delay)
}

func (w *waits) left(uid types.UID) time.Duration {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return time.Until(w.before[uid])
}

// leftOfStop begins the wait when it is first asked for.
func (w *waits) leftOfStop(uid types.UID, delay time.Duration) time.Duration {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if _, ok := w.stops[uid]; !ok {
		w.stops[uid] = time.Now().Add(delay)
	}
	return time.Until(w.stops[uid])
}

func (w *waits) forget(uid types.UID) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	delete(w.before, uid)
	delete(w.stops, uid)
}
